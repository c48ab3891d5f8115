using System.ComponentModel.DataAnnotations;
using Batching.Engine.Configuration;

namespace Batching.Server.Tests.Keyed;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_AreTheDocumentedOnes()
    {
        var options = new KeyedOptions();

        Assert.Equal(100, options.Calls);
        Assert.Equal(32, options.Parallelism);
        Assert.Equal(TimeSpan.FromSeconds(30), options.CallTimeout);
        Assert.Equal(TimeSpan.FromSeconds(45), options.Timeout);
        Assert.Equal(67_108_864, options.ReplyBytes);
        Assert.Equal(100_663_296, options.HeldBytes);
        Assert.Equal(67_108_864, options.HeldBytesPerOwner);
    }

    [Theory]
    [InlineData(nameof(KeyedOptions.Calls), 0, 10_001)]
    [InlineData(nameof(KeyedOptions.Parallelism), 0, 1_001)]
    [InlineData(nameof(KeyedOptions.ReplyBytes), 0, (1 << 30) + 1)]
    [InlineData(nameof(KeyedOptions.HeldBytes), (1L << 20) - 1, (1L << 34) + 1)]
    public void Validate_OutOfRange_NamesTheOption(string name, object below, object above)
    {
        foreach (var value in new[] { below, above })
        {
            var results = new List<ValidationResult>();
            var context = new ValidationContext(new KeyedOptions()) { MemberName = name };

            Assert.False(Validator.TryValidateProperty(value, context, results));
            Assert.Contains(name, results.Single().ErrorMessage, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Start_BadValues_NamesEachKey()
    {
        var output = await KeyedGateway.FailToStartAsync(
            "http://127.0.0.1:1", "Batch:Keyed:Calls=0", "Batch:Keyed:Timeout=00:00:00", "Batch:Keyed:HeldBytes=5");

        Assert.Contains(
            "Batch:Keyed:Calls: The field Calls must be between 1 and 10000.", output, StringComparison.Ordinal);
        Assert.Contains(
            "Batch:Keyed:Timeout: The field Timeout must be between 00:00:00.0010000 and 01:00:00.", output, StringComparison.Ordinal);
        Assert.Contains(
            "Batch:Keyed:HeldBytes: The field HeldBytes must be between 1048576 and 17179869184.", output, StringComparison.Ordinal);
    }
}
