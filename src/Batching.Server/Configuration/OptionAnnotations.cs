using System.ComponentModel.DataAnnotations;

namespace Batching.Server.Configuration;

/// <summary>Checks options against their annotations, such as <see cref="RangeAttribute"/>.</summary>
internal static class OptionAnnotations
{
    /// <summary>Finds the values that are wrong, and names the configuration key of each.</summary>
    /// <param name="section">The configuration section of the options.</param>
    /// <param name="options">The options.</param>
    public static IEnumerable<string> FindProblems(string section, object options)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return results.Select(result => $"{section}:{result.MemberNames.FirstOrDefault()}: {result.ErrorMessage}");
    }
}
