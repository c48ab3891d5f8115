using System.Text;
using System.Xml.Linq;
using Batching.Engine.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Batching.Server.Security.SharedKeys;

/// <summary>Keeps Data Protection's keys as secrets of the store. Thread-safe.</summary>
/// <remarks>The framework reads and writes keys without waiting, so that the calls wait here. They are rare: at a start, and once a day.</remarks>
internal sealed class StoreXmlRepository(ISharedSecrets secrets) : IXmlRepository
{
    private const string Prefix = "data-protection/";

    public IReadOnlyCollection<XElement> GetAllElements() => Task.Run(async () =>
    {
        var values = await secrets.ListAsync(Prefix, CancellationToken.None);
        return (IReadOnlyCollection<XElement>)[.. values.Select(value => XElement.Parse(Encoding.UTF8.GetString(value)))];
    }).GetAwaiter().GetResult();

    public void StoreElement(XElement element, string friendlyName) => Task.Run(async () => await secrets.AddAsync(
        $"{Prefix}{friendlyName}",
        Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)),
        CancellationToken.None)).GetAwaiter().GetResult();
}
