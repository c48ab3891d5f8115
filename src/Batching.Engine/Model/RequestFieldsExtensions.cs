namespace Batching.Engine.Model;

/// <summary>Asks for fields.</summary>
internal static class RequestFieldsExtensions
{
    /// <summary>Whether all of them are among the fields. <see cref="Enum.HasFlag"/> puts both into boxes for each of a result's fields.</summary>
    public static bool Has(this RequestFields fields, RequestFields wanted) => (fields & wanted) == wanted;
}
