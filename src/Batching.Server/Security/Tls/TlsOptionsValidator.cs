using Batching.Server.Configuration;
using Microsoft.Extensions.Options;

namespace Batching.Server.Security.Tls;

/// <summary>Checks how the certificate is configured, and names the configuration key of each thing that is wrong.</summary>
internal sealed class TlsOptionsValidator : IValidateOptions<TlsOptions>
{
    public ValidateOptionsResult Validate(string? name, TlsOptions options)
    {
        var problems = OptionAnnotations.FindProblems(TlsOptions.Section, options).ToList();
        if (string.IsNullOrEmpty(options.CertificateFile))
        {
            problems.Add($"{TlsOptions.Section}:{nameof(TlsOptions.CertificateFile)} is not set.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
