using System.Text;
using Batching.Engine.Configuration;
using Batching.Engine.Webhooks;

namespace Batching.Engine.Tests.Webhooks;

public sealed class MessageSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    // The example of the reference implementations.
    [Fact]
    public void Create_ExampleOfTheSpecification_HasItsSignature() =>
        Assert.Equal(Signature, Sign(Secret));

    [Fact]
    public void Create_SeveralSecrets_HasASignatureForEach()
    {
        var other = SigningSecret.ToText(new byte[32]);

        Assert.Equal($"{Signature} {Sign(other)}", Sign($"{Secret} {other}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public void TryParseAll_TextThatIsNoSecret_IsFalse(string text) => Assert.False(SigningSecret.TryParseAll(text, out _));

    private static string Sign(string secrets)
    {
        Assert.True(SigningSecret.TryParseAll(secrets, out var parsed));
        return MessageSignature.Create(
            parsed, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("""{"test": 2432232314}"""));
    }
}
