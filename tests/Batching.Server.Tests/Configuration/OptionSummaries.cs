using System.Reflection;
using System.Xml.Linq;

namespace Batching.Server.Tests.Configuration;

/// <summary>The summaries of options, which the compiler writes into a file beside each assembly, as Markdown.</summary>
internal sealed class OptionSummaries
{
    private readonly Dictionary<Assembly, Dictionary<string, XElement>> _assemblies = [];

    /// <summary>Returns what the summary of an option says.</summary>
    public string Find(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        if (!_assemblies.TryGetValue(type.Assembly, out var summaries))
        {
            summaries = Read(type.Assembly);
            _assemblies.Add(type.Assembly, summaries);
        }

        Assert.True(
            summaries.TryGetValue($"P:{type.FullName}.{property.Name}", out var summary),
            $"{type.Name}.{property.Name} has no summary.");
        var text = string.Concat(summary.Nodes().Select(ToMarkdown));
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static Dictionary<string, XElement> Read(Assembly assembly) =>
        XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml"))
            .Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")!);

    private static string ToMarkdown(XNode node) => node switch
    {
        XText text => text.Value,
        XElement element when element.Name == "c" => $"`{element.Value}`",
        XElement element when element.Name == "see" => $"`{element.Attribute("cref")!.Value.Split('.')[^1]}`",
        _ => throw new InvalidOperationException($"There is no Markdown for {node}."),
    };
}
