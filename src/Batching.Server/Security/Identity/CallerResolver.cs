using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Storage;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Batching.Server.Security.Identity;

/// <summary>
/// Says who calls. The owner is a keyed hash of what tells callers apart, so that the store tells nobody what that was.
/// Callers without a credential share the anonymous owner. Thread-safe.
/// </summary>
internal sealed class CallerResolver : IHoldStart
{
    private const string Anonymous = "anonymous";
    private const string ApiKeyHeader = "X-API-Key";
    private const string Bearer = "Bearer ";
    private const string Required = "The call needs a credential.";

    private readonly IBatchStore _store;
    private readonly IDataProtectionProvider _protection;
    private readonly IdentityOptions _options;
    private readonly IPNetwork[] _networks;
    private readonly (byte[] Hash, ApiKeyOptions Key)[] _apiKeys;
    private byte[]? _key;

    public CallerResolver(IBatchStore store, IDataProtectionProvider protection, IOptions<IdentityOptions> options)
    {
        _store = store;
        _protection = protection;
        _options = options.Value;
        _networks = [.. _options.TrustedNetworks.Select(network => IPNetwork.Parse(network))];
        _apiKeys = [.. _options.ApiKeys.Select(key => (Convert.FromHexString(key.Hash), key))];
    }

    /// <summary>
    /// The challenge for a refused caller, which says what to present (RFC 9110, section 11.6.1). There is no registered scheme for what a proxy
    /// says.
    /// </summary>
    public string Challenge =>
        _options.Mode == IdentityMode.TrustedHeader ? "TrustedHeader realm=\"batch\"" : "Bearer realm=\"batch\"";

    private byte[] Key => _key ?? throw new InvalidOperationException("A caller is resolved before the start.");

    /// <summary>Finds out who calls.</summary>
    /// <param name="context">The call.</param>
    /// <param name="caller">Who it is.</param>
    /// <param name="problem">For the caller, in English: why that is not known.</param>
    public bool TryResolve(
        HttpContext context, [NotNullWhen(true)] out Caller? caller, [NotNullWhen(false)] out string? problem)
    {
        (caller, problem) = _options.Mode switch
        {
            IdentityMode.TrustedHeader => ResolveTrustedHeader(context),
            IdentityMode.ApiKey => ResolveApiKey(context.Request.Headers),
            _ => ResolvePassThrough(context.Request.Headers),
        };
        return caller is not null;
    }

    /// <summary>Says who an owner is, for operators: the owner of an API key, or the anonymous one; null if that can't be known.</summary>
    public string? FindName(string owner) => owner == Anonymous
        ? Anonymous
        : _apiKeys.Select(known => known.Key.Owner).FirstOrDefault(name => ToOwner(IdentityMode.ApiKey, name) == owner);

    /// <summary>Reads the key of the hash.</summary>
    /// <exception cref="StoreUnusableException">The key can't be decrypted: every owner would be a stranger.</exception>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        var protector = _protection.CreateProtector("Batching.Owners");
        var candidate = protector.Protect(RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes));
        var secret = await _store.GetOrAddSecretAsync("owners", candidate, cancellationToken);
        try
        {
            _key = protector.Unprotect(secret);
        }
        catch (CryptographicException exception)
        {
            throw new StoreUnusableException(
                "The key that batches are assigned to their owners with can't be decrypted. Put the directory 'keys' "
                + "of the data directory back, or begin with an empty data directory. In a PostgreSQL store, the keys are missing "
                + "from the table batch.secrets: restore it from a backup.",
                exception);
        }
    }

    private (Caller? Caller, string? Problem) ResolvePassThrough(IHeaderDictionary headers)
    {
        if (!TryReadOne(headers.Authorization, "Authorization", out var authorization, out var problem))
        {
            return (null, problem);
        }

        return authorization.Length == 0
            ? ResolveAnonymous()
            : (new Caller(ToOwner(AuthScheme.Normalize(authorization)), authorization), null);
    }

    private (Caller? Caller, string? Problem) ResolveTrustedHeader(HttpContext context)
    {
        if (!IsTrusted(context))
        {
            return (null, "Calls are taken from the proxy in front of the gateway only.");
        }

        // A proxy that adds the field beside the one its client has sent has checked neither.
        if (!TryReadOne(context.Request.Headers[_options.Header], _options.Header, out var user, out var problem))
        {
            return (null, problem);
        }

        if (user.Length == 0)
        {
            return ResolveAnonymous();
        }

        var isCredential = _options.Header.Equals("Authorization", StringComparison.OrdinalIgnoreCase);
        var owner = ToOwner(IdentityMode.TrustedHeader, isCredential ? AuthScheme.Normalize(user) : user);
        return (new Caller(owner, _options.ForwardHeader ? user : null), null);
    }

    // The address of the connection itself: middleware that believes X-Forwarded-For changes only what HTTP says it is.
    private bool IsTrusted(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket.RemoteEndPoint is not IPEndPoint peer)
        {
            return false;
        }

        var address = peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address;
        return _networks.Any(network => network.Contains(address));
    }

    private (Caller? Caller, string? Problem) ResolveApiKey(IHeaderDictionary headers)
    {
        if (!TryReadOne(headers[ApiKeyHeader], ApiKeyHeader, out var key, out var problem)
            || !TryReadOne(headers.Authorization, "Authorization", out var authorization, out problem))
        {
            return (null, problem);
        }

        if (key.Length > 0 && authorization.Length > 0)
        {
            return (null, $"{ApiKeyHeader} and Authorization must not be given both.");
        }

        if (key.Length == 0)
        {
            if (authorization.Length == 0)
            {
                return ResolveAnonymous();
            }

            if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            {
                return (null, $"The key belongs in {ApiKeyHeader}, or in Authorization behind 'Bearer'.");
            }

            key = authorization[Bearer.Length..].Trim();
        }

        return FindApiKey(key) is { } found
            ? (new Caller(ToOwner(IdentityMode.ApiKey, found.Owner), found.Authorization), null)
            : (null, "The key is not known.");
    }

    // Looks at all of them, each to its end, so that the time tells nothing about any.
    private ApiKeyOptions? FindApiKey(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        ApiKeyOptions? found = null;
        foreach (var (known, options) in _apiKeys)
        {
            found = CryptographicOperations.FixedTimeEquals(hash, known) ? options : found;
        }

        return found;
    }

    private (Caller? Caller, string? Problem) ResolveAnonymous() =>
        _options.AllowsAnonymous ? (new Caller(Anonymous, null) { IsAnonymous = true }, null) : (null, Required);

    // Which of two values counts would depend on who reads them.
    private static bool TryReadOne(
        StringValues values, string name, out string value, [NotNullWhen(false)] out string? problem)
    {
        value = values.Count == 1 ? HeaderRules.ToText(values[0] ?? "") : "";
        problem = values.Count > 1 ? $"{name} must be given once only."
            : !HeaderRules.IsFieldValue(value) ? $"{name} {HeaderRules.ControlCharacters}."
            : null;
        return problem is null;
    }

    // No field value holds a NUL, so no credential that is passed through can be the owner of another mode.
    private string ToOwner(IdentityMode mode, string name) => ToOwner($"\0{mode}\0{name}");

    private string ToOwner(string identity) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(identity)));
}
