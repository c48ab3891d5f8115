using System.Globalization;
using System.Reflection;

namespace Batching.Client.Tests.Documents;

/// <summary>The tables of options in <c>docs/client.md</c> have every option with its default.</summary>
public sealed class OptionTablesTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "client.md"));

    public static TheoryData<string, Type> Tables() => new()
    {
        { "| option | default |", typeof(BatchClientOptions) },
        { "| of `SubmitOptions` |", typeof(SubmitOptions) },
        { "| of `ReadOptions` |", typeof(ReadOptions) },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void Table_OfOptions_HasEachWithItsDefault(string head, Type type)
    {
        var options = Activator.CreateInstance(type)!;
        var rows = Lines.Skip(Array.FindIndex(Lines, line => line.StartsWith(head, StringComparison.Ordinal)) + 2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1].Trim('`'), cells => cells[2]);

        Assert.Equal(
            type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name).Order(), rows.Keys.Order());
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            // What nothing means is said in words.
            if (property.GetValue(options) is { } value)
            {
                Assert.Equal((property.Name, Say(value)), (property.Name, rows[property.Name].Trim('`')));
            }
        }
    }

    [Fact]
    public void Options_OutOfTheRangeThatThePageSays_AreRefused()
    {
        Assert.Contains(Lines, line => line.Contains("requests in one message of a submission, 1 to 10,000", StringComparison.Ordinal));
        Assert.Contains(Lines, line => line.Contains("bytes in one message of a submission, 1 KiB to 1 GiB", StringComparison.Ordinal));
        foreach (var (good, options) in new[]
        {
            (true, new BatchClientOptions { RequestsPerMessage = 1 }), (true, new BatchClientOptions { RequestsPerMessage = 10_000 }),
            (false, new BatchClientOptions { RequestsPerMessage = 0 }), (false, new BatchClientOptions { RequestsPerMessage = 10_001 }),
            (true, new BatchClientOptions { BytesPerMessage = 1024 }), (true, new BatchClientOptions { BytesPerMessage = 1 << 30 }),
            (false, new BatchClientOptions { BytesPerMessage = 1023 }), (false, new BatchClientOptions { BytesPerMessage = (1 << 30) + 1 }),
        })
        {
            var thrown = Record.Exception(() => new BatchClient(options).Dispose());
            Assert.True(good == thrown is null, $"{options.RequestsPerMessage} requests, {options.BytesPerMessage} bytes: {thrown?.Message ?? "accepted"}");
        }
    }

    private static string Say(object value) => value switch
    {
        TimeSpan { TotalMinutes: >= 1 } time => $"{time.TotalMinutes.ToString(CultureInfo.InvariantCulture)} min",
        TimeSpan { TotalSeconds: >= 1 } time => $"{time.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
        TimeSpan time => $"{time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture)} ms",
        int and >= 1024 * 1024 and var bytes => $"{bytes / (1024 * 1024)} MiB",
        Uri address => address.OriginalString,
        bool isSo => isSo ? "true" : "false",
        IFormattable number => number.ToString("N0", CultureInfo.InvariantCulture),
        _ => $"{value}",
    };
}
