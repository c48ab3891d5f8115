using System.Security.Cryptography;
using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Storage;
using Microsoft.Extensions.Options;

namespace Batching.Engine.Webhooks;

/// <summary>The secrets that messages are signed with. Thread-safe once open.</summary>
internal sealed class WebhookSecrets(IBatchStore store, IOptions<BatchEngineOptions> options)
{
    private const int SecretLength = 32;

    private readonly IReadOnlyList<byte[]>? _configured =
        options.Value.Webhooks.Secret is { } text && SigningSecret.TryParseAll(text, out var secrets) ? secrets : null;

    private byte[]? _root;

    /// <summary>Whether the operator has configured them.</summary>
    public bool AreConfigured => _configured is not null;

    /// <summary>Reads the secret that others are made from. To be called once, when the store is open.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellationToken) =>
        _root = await store.GetOrAddSecretAsync(
            "webhooks", RandomNumberGenerator.GetBytes(SecretLength), cancellationToken);

    /// <summary>The secrets of an owner, the newest first.</summary>
    public IReadOnlyList<byte[]> Of(string owner) => _configured ?? [Derive(owner)];

    // RFC 5869. Whoever knows the secret of one owner learns nothing about those of others.
    private byte[] Derive(string owner) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256,
        _root ?? throw new InvalidOperationException("The secrets are used before they are open."),
        SecretLength,
        salt: null,
        info: Encoding.UTF8.GetBytes($"webhook secret of {owner}"));
}
