using System.ComponentModel.DataAnnotations;

namespace Batching.Engine.Configuration;

/// <summary>A value that has to be the name of one of the <see cref="PaginationPresets"/>, or unset.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AllowedPresetAttribute : ValidationAttribute
{
    public AllowedPresetAttribute()
        : base($"must be one of {string.Join(", ", PaginationPresets.Names)}")
    {
    }

    public override bool IsValid(object? value) => value is not string name || PaginationPresets.Find(name) is not null;
}
