using System.Net.Sockets;
using Batching.Engine.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>The reason why the gateway did not start, or a command of it did nothing.</summary>
/// <param name="ExitCode">The exit code of the process, one of those of <c>sysexits.h</c>.</param>
/// <param name="Message">A line that says what is wrong, and how to mend it where that is known.</param>
internal sealed record StartFailure(int ExitCode, string Message)
{
    private const int Configuration = 78;
    private const int System = 71;

    private const string OtherAddress = "Choose another one with --urls or ASPNETCORE_URLS.";

    /// <summary>Turns what was thrown into a message that a person can use.</summary>
    public static StartFailure From(Exception exception)
    {
        var (exitCode, message) = Describe(exception);
        return new(exitCode, string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)));
    }

    private static (int ExitCode, string Message) Describe(Exception exception) => exception switch
    {
        OptionsValidationException options => (Configuration, string.Join(' ', options.Failures)),

        // Several classes of options that are wrong at the same time.
        AggregateException several when several.Flatten().InnerExceptions is var all
            && all.All(one => one is OptionsValidationException) =>
            (Configuration, string.Join(' ', all.Select(one => Describe(one).Message))),
        AggregateException { InnerExceptions: [var only] } => Describe(only),
        StoreUnusableException or StoreUnavailableException => (System, exception.Message),
        IOException { InnerException: AddressInUseException } => (
            System, $"{exception.Message} Stop what listens there. {OtherAddress}"),
        SocketException socket => (System, $"the address can't be listened at: {socket.Message}. {OtherAddress}"),

        // A file of settings that is none, and an address or an argument that can't be read.
        InvalidDataException or FormatException => (Configuration, WithCauses(exception)),

        // Kestrel's word for what it is configured to do and can't, such as https without a certificate.
        InvalidOperationException => (Configuration, WithCauses(exception)),
        IOException or UnauthorizedAccessException => (System, WithCauses(exception)),
        _ => (System, $"{exception.GetType().Name}: {WithCauses(exception)}"),
    };

    private static string WithCauses(Exception exception) => exception.InnerException is { } cause
        ? $"{exception.Message} {WithCauses(cause)}"
        : exception.Message;
}
