using Batching.Engine.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Batching.Engine.Tests.Storage;

public sealed class StoreHoldTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Always_AtAnyTime_IsCertain()
    {
        StoreHold.Always.Lose();
        Assert.True(StoreHold.Always.IsCertain);
        Assert.False(StoreHold.Always.IsLost);
        Assert.False(StoreHold.Always.Lost.CanBeCanceled);
    }

    [Fact]
    public void IsCertain_NotProlonged_EndsWithItsTime()
    {
        using var hold = new StoreHold(_time);
        Assert.False(hold.IsCertain);
        var asked = hold.Now();

        // The answer takes a while, which counts.
        _time.Advance(TimeSpan.FromSeconds(2));
        hold.Prolong(asked, Length, "one");
        Assert.True(hold.IsCertain);
        Assert.Equal(TimeSpan.FromSeconds(4), hold.TimeLeft);

        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(hold.IsCertain);
        Assert.False(hold.IsLost);
    }

    [Fact]
    public void OnRegained_ProlongedAgain_IsCalledOnlyAfterAGap()
    {
        using var hold = new StoreHold(_time);
        var regained = 0;
        hold.OnRegained(() => regained++);
        hold.Prolong(hold.Now(), Length, "one");
        Assert.Equal(1, regained);
        _time.Advance(Length / 2);
        hold.Prolong(hold.Now(), Length, "one");
        Assert.Equal(1, regained);
        _time.Advance(Length);
        hold.Prolong(hold.Now(), Length, "one");
        Assert.Equal(2, regained);
    }

    [Fact]
    public async Task WaitUntilCertainAsync_InDoubt_WaitsForItsEnd()
    {
        using var hold = new StoreHold(_time);
        hold.Prolong(hold.Now(), Length, "one");
        hold.Doubt();
        Assert.False(hold.IsCertain);
        var wait = hold.WaitUntilCertainAsync(CancellationToken.None).AsTask();
        Assert.False(wait.IsCompleted);

        hold.EndDoubt();

        await wait.WithDeadlineAsync();
        Assert.True(hold.IsCertain);
    }

    [Fact]
    public void Lose_Prolonged_StaysLost()
    {
        using var hold = new StoreHold(_time);
        hold.Prolong(hold.Now(), Length, "one");
        hold.Lose();
        hold.Prolong(hold.Now(), Length, "one");
        Assert.True(hold.IsLost);
        Assert.True(hold.Lost.IsCancellationRequested);
        Assert.False(hold.IsCertain);
    }
}
