using Batching.Engine.Configuration;
using Batching.Engine.Upstreams;
using Batching.Rest;
using Batching.Server.Security.Tls;
using Batching.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Batching.Server.Configuration;

/// <summary>Reads the section <c>Batch</c> of the configuration.</summary>
internal static class BatchConfiguration
{
    private const string UpstreamKey = "Upstream";

    /// <summary>
    /// Reads the configuration. Its files are those beside the program, wherever it is started from, unless
    /// <c>--contentRoot</c> names another directory.
    /// </summary>
    /// <param name="args">The command line.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args) =>
        // It is read at the start only. To watch its files is to be told of every write below their directory, and the
        // data directory may be there. What comes later in a command line counts.
        WebApplication.CreateBuilder(
        [
            "--hostBuilder:reloadConfigOnChange=false",
            .. HasContentRoot() ? Array.Empty<string>() : [$"--{WebHostDefaults.ContentRootKey}={AppContext.BaseDirectory}"],
            .. args,
        ]);

    /// <summary>The addresses to listen at, separated by semicolons.</summary>
    /// <exception cref="OptionsValidationException">One of them is no address.</exception>
    public static string GetUrls(this IConfiguration configuration)
    {
        var urls = configuration[WebHostDefaults.ServerUrlsKey] is { Length: > 0 } given ? given
            : configuration.HasTls() ? "https://localhost:8080"
            : "http://localhost:8080";
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                BindingAddress.Parse(url);
            }
            catch (FormatException)
            {
                throw new OptionsValidationException(
                    WebHostDefaults.ServerUrlsKey,
                    typeof(BatchEngineOptions),
                    [
                        "The addresses to listen at (--urls or ASPNETCORE_URLS) must be such as http://localhost:8080, "
                        + $"separated by semicolons, not '{url}'.",
                    ]);
            }
        }

        return urls;
    }

    /// <summary>The directory of the embedded store and the keys.</summary>
    public static string GetDataDirectory(this IConfiguration configuration) =>
        configuration.GetSection(OptionKey.Section)[nameof(ServerKeys.DataDirectory)] is { Length: > 0 } directory
            ? directory
            : new ServerKeys().DataDirectory;

    /// <summary>
    /// A file of settings in the working directory that is not read, because it isn't the one beside the program; null if
    /// there is none.
    /// </summary>
    public static string? FindUnreadSettings(this IHostEnvironment environment)
    {
        const string Name = "appsettings.json";
        var unread = new FileInfo(Name);
        var read = new FileInfo(Path.Combine(environment.ContentRootPath, Name));
        return unread.Exists
            && (!read.Exists || !File.ReadAllBytes(unread.FullName).AsSpan().SequenceEqual(File.ReadAllBytes(read.FullName)))
                ? unread.FullName
                : null;
    }

    /// <summary>The size to which the embedded store may grow; null for as large as the disk.</summary>
    public static long? GetMaxStoreBytes(this IConfiguration configuration)
    {
        const string Key = "MaxStoreBytes";
        var bytes = configuration.GetSection(OptionKey.Section).GetValue<long?>(Key);
        return bytes is null or >= SqliteStoreOptions.MinMaxFileBytes
            ? bytes
            : throw new OptionsValidationException(
                OptionKey.Section,
                typeof(SqliteStoreOptions),
                [$"{OptionKey.Section}:{Key} must be at least {SqliteStoreOptions.MinMaxFileBytes}, not {bytes}."]);
    }

    /// <summary>Whether there are pages for browsers.</summary>
    public static bool HasPage(this IConfiguration configuration) =>
        configuration.GetSection(OptionKey.Section).GetValue(nameof(ServerKeys.Page), new ServerKeys().Page);

    /// <summary>Tells who may know about the gateway itself.</summary>
    public static Disclosure GetDisclosure(this IConfiguration configuration) => configuration.GetSection(OptionKey.Section)
        .GetValue(nameof(ServerKeys.Disclosure), new ServerKeys().Disclosure);

    /// <summary>Whether there is any API to call.</summary>
    public static bool HasUpstream(this IConfiguration configuration)
    {
        var section = configuration.GetSection(OptionKey.Section);
        return !string.IsNullOrEmpty(section[UpstreamKey])
            || section.GetSection(nameof(BatchEngineOptions.Upstreams)).GetChildren().Any();
    }

    /// <summary>Adds the options of the engine; a bad value stops the start with a message that names its key.</summary>
    public static IServiceCollection AddBatchOptions(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<BatchEngineOptions>, BatchOptionsValidator>();
        services.AddOptions<BatchEngineOptions>()
            .Bind(configuration.GetSection(OptionKey.Section))
            .Configure(options =>
            {
                BindUpstreams(configuration, options.Upstreams);
                if (configuration.GetSection(OptionKey.Section)[UpstreamKey] is { Length: > 0 } address)
                {
                    // An address that is relative is kept as it is, for the validator to name it.
                    options.Upstreams.Add(new UpstreamOptions
                    {
                        BaseAddress = Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out var baseAddress)
                            ? baseAddress
                            : throw new OptionsValidationException(
                                OptionKey.Section,
                                typeof(BatchEngineOptions),
                                [$"{OptionKey.Section}:{UpstreamKey} must be an absolute http or https URL, not '{address}'."]),
                    });
                }
            })
            .ValidateOnStart();
        return services;
    }

    private static bool HasContentRoot() =>
        new ConfigurationBuilder().AddEnvironmentVariables("DOTNET_").AddEnvironmentVariables("ASPNETCORE_").Build()
            [WebHostDefaults.ContentRootKey] is { Length: > 0 };

    // Where the members of a list are concerned, Bind passes over what it can't read, and such an upstream would simply
    // be missing. Read one by one, they say which key is wrong.
    private static void BindUpstreams(IConfiguration configuration, IList<UpstreamOptions> upstreams)
    {
        upstreams.Clear();
        foreach (var section in
            configuration.GetSection(OptionKey.Section).GetSection(nameof(BatchEngineOptions.Upstreams)).GetChildren())
        {
            var upstream = new UpstreamOptions();
            section.Bind(upstream);
            upstreams.Add(upstream);
        }
    }
}
