using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Batching.Benchmarks.Grpc;

/// <summary>What h2load sends in one run, from one thread.</summary>
/// <param name="Name">How the results call it.</param>
/// <param name="Path">Where it goes.</param>
/// <param name="Requests">How many requests a run has.</param>
/// <param name="Messages">How many messages the reply to one request has.</param>
/// <param name="Connections">How many connections the requests share.</param>
/// <param name="Streams">How many requests are under way on each.</param>
internal sealed partial record Load(string Name, string Path, int Requests, int Messages, int Connections, int Streams)
{
    /// <summary>HTTP/1.1 instead of HTTP/2.</summary>
    public bool IsHttp1 { get; init; }

    /// <summary>Null for GET.</summary>
    public byte[]? Body { get; init; }

    public string ContentType { get; init; } = "application/grpc";

    /// <summary>The least ratio to the bare endpoint that is good enough, if there is one.</summary>
    public double? Goal { get; init; }

    /// <summary>Sends everything to a server.</summary>
    /// <returns>Requests a second.</returns>
    /// <exception cref="InvalidOperationException">Not every request was answered.</exception>
    public async Task<double> SendAsync(ServerProcess server, int requests)
    {
        var port = IsHttp1 ? server.Http1Port : server.Http2Port;
        var arguments = new List<string>
        {
            "-t1", $"-c{Connections}", $"-m{Streams}", $"-n{requests}",
            "-H", $"content-type: {ContentType}", "-H", "te: trailers",
        };
        if (IsHttp1)
        {
            arguments.Add("--h1");
        }

        var file = System.IO.Path.GetTempFileName();
        try
        {
            if (Body is not null)
            {
                await File.WriteAllBytesAsync(file, Body);
                arguments.AddRange(["-d", file]);
            }

            arguments.Add($"http://127.0.0.1:{port}{Path}");
            var start = new ProcessStartInfo("h2load", arguments) { RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            var rate = Rate().Match(output);
            if (!rate.Success || !output.Contains($" {requests} succeeded,", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{Name} of {server.Name}: {output}");
            }

            return double.Parse(rate.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(@"finished in [^,]*, ([0-9.]+) req/s")]
    private static partial Regex Rate();
}
