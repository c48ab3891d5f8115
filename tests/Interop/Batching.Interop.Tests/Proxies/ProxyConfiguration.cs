using System.Text.RegularExpressions;

namespace Batching.Interop.Tests.Proxies;

/// <summary>Writes the configuration of a proxy: what Debian's own files say, and the way to the gateway.</summary>
internal static partial class ProxyConfiguration
{
    private const string NginxDefaults = """
        server {
            listen 80;
            location / {
                proxy_pass http://127.0.0.1:8080;
            }
        }
        server {
            listen 81 http2;
            location / {
                grpc_pass grpc://127.0.0.1:8080;
            }
        }
        """;

    private const string HaProxyDefaults = """
        frontend batch
            bind :80
            use_backend batch_grpc if { req.hdr(content-type) -m beg application/grpc }
            default_backend batch

        backend batch
            server gateway 127.0.0.1:8080

        backend batch_grpc
            server gateway 127.0.0.1:8080 proto h2
        """;

    /// <summary>What there is to test. Caddy needs nothing beside its defaults: what is documented is what makes it a proxy.</summary>
    public static readonly IReadOnlyList<(ProxyKind Proxy, ProxySettings Settings)> All =
    [
        (ProxyKind.Nginx, ProxySettings.Defaults), (ProxyKind.Nginx, ProxySettings.Documented),
        (ProxyKind.HaProxy, ProxySettings.Defaults), (ProxyKind.HaProxy, ProxySettings.Documented),
        (ProxyKind.Caddy, ProxySettings.Documented),
    ];

    /// <summary>Whether the proxy listens for gRPC at a port of its own.</summary>
    public static bool HasPortForGrpc(ProxyKind proxy) => proxy == ProxyKind.Nginx;

    /// <summary>The whole configuration.</summary>
    /// <param name="proxy">The proxy.</param>
    /// <param name="settings">What it is told.</param>
    /// <param name="addresses">Where it listens and what it stands in front of.</param>
    /// <param name="folder">Where it keeps its files.</param>
    public static string Write(ProxyKind proxy, ProxySettings settings, ProxyAddresses addresses, string folder)
    {
        var documented = settings == ProxySettings.Documented;
        return proxy switch
        {
            ProxyKind.Nginx => Nginx(
                Move(
                    documented ? Documented("nginx") : NginxDefaults,
                    ("listen 80;", $"listen 127.0.0.1:{addresses.RestPort};"),
                    ("listen 81 http2;", $"listen 127.0.0.1:{addresses.GrpcPort} http2;"),
                    ("127.0.0.1:8080;", $"{addresses.Gateway};")),
                folder),
            ProxyKind.HaProxy => HaProxy(
                Move(
                    documented ? Documented("haproxy") : HaProxyDefaults,
                    ("bind :80\n", $"bind 127.0.0.1:{addresses.RestPort}\n"),
                    ("127.0.0.1:8080", addresses.Gateway))),
            ProxyKind.Caddy => Move(
                Documented("caddy"),
                ("127.0.0.1:8080", addresses.Gateway),
                (":80 {\n", $":{addresses.RestPort} {{\n\tbind 127.0.0.1\n"),
                // Another Caddy on this machine has the port of the administration.
                ("{\n\tservers {", "{\n\tadmin off\n\tservers {")),
            _ => throw new ArgumentOutOfRangeException(nameof(proxy)),
        };
    }

    // What /etc/nginx/nginx.conf sets for all sites, but with all files in the folder, also for a superuser, whose workers
    // would be of a user that can't enter it.
    private static string Nginx(string sites, string folder) =>
        $$"""
        daemon off;
        user root;
        pid {{folder}}/pid;
        error_log {{folder}}/error.log;
        events {
            worker_connections 768;
        }
        http {
            sendfile on;
            tcp_nopush on;
            types_hash_max_size 2048;
            default_type application/octet-stream;
            access_log {{folder}}/access.log;
            gzip on;
            client_body_temp_path {{folder}}/body;
            proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi;
            uwsgi_temp_path {{folder}}/uwsgi;
            scgi_temp_path {{folder}}/scgi;
        {{sites}}
        }
        """;

    // What /etc/haproxy/haproxy.cfg sets for all of them, without what takes a superuser or a log daemon.
    private static string HaProxy(string sites) =>
        $"""
        defaults
            mode http
            option dontlognull
            timeout connect 5000
            timeout client 50000
            timeout server 50000

        {sites}

        """;

    // Puts the addresses of a test in the place of those that people use.
    private static string Move(string text, params (string From, string To)[] addresses)
    {
        foreach (var (from, to) in addresses)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }

    // The example in the documentation: the fenced block of this language.
    private static string Documented(string language) =>
        FencedBlock().Matches(File.ReadAllText(Path.Combine(Folders.Docs, "operations.md")))
            .Single(block => block.Groups["language"].Value == language).Groups["text"].Value;

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<text>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex FencedBlock();
}
