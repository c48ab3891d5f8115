using System.Reflection;
using System.Xml.Linq;

namespace Batching.Server.Tests.Configuration;

/// <summary>The summaries of options, which the compiler writes into a file beside each assembly, as Markdown.</summary>
internal sealed class OptionSummaries
{
    private readonly Dictionary<Assembly, Dictionary<string, XElement>> _assemblies = [];

    /// <summary>Returns what the summary of an option says.</summary>
    public string Find(PropertyInfo property) =>
        Find(property.DeclaringType!.Assembly, $"P:{property.DeclaringType.FullName}.{property.Name}", "summary");

    /// <summary>Returns what the documentation of the value of an enumeration says.</summary>
    /// <param name="value">The value.</param>
    /// <param name="element"><c>summary</c> or <c>remarks</c>.</param>
    public string Find(Enum value, string element) =>
        Find(value.GetType().Assembly, $"F:{value.GetType().FullName}.{value}", element);

    private string Find(Assembly assembly, string name, string element)
    {
        if (!_assemblies.TryGetValue(assembly, out var members))
        {
            members = Read(assembly);
            _assemblies.Add(assembly, members);
        }

        var found = members.TryGetValue(name, out var member) ? member.Element(element) : null;
        Assert.True(found is not null, $"{name} has no {element}.");
        var text = string.Concat(found.Nodes().Select(ToMarkdown));
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static Dictionary<string, XElement> Read(Assembly assembly) =>
        XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml"))
            .Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value);

    private static string ToMarkdown(XNode node) => node switch
    {
        XText text => text.Value,
        XElement element when element.Name == "c" => $"`{element.Value}`",
        XElement element when element.Name == "see" => $"`{element.Attribute("cref")!.Value.Split('.')[^1]}`",
        _ => throw new InvalidOperationException($"There is no Markdown for {node}."),
    };
}
