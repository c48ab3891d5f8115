using Batching.Engine.Delivery;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Delivery;

public sealed class DeliveryLedgerTests
{
    [Fact]
    public void TryClaim_Twice_GivesDisjointRuns()
    {
        var ledger = new DeliveryLedger(mark: 0);
        Assert.Equal((1, 5), Take(ledger, 5));
        Assert.Null(ledger.TryClaim(5));
        Assert.Equal((6, 8), Take(ledger, 8));
    }

    [Fact]
    public void Settle_Lost_HandsTheRunOutAgain()
    {
        var ledger = new DeliveryLedger(mark: 0);
        var first = ledger.TryClaim(5)!;
        ledger.Shorten(first, 2);
        Assert.Equal((3, 5), Take(ledger, 5));
        ledger.Settle(first, received: false);
        Assert.Equal((1, 2), Take(ledger, 5));
        Assert.Equal(0, ledger.Mark);
    }

    [Fact]
    public void Settle_OutOfOrder_MovesTheMarkWhenTheGapCloses()
    {
        var ledger = new DeliveryLedger(mark: 0);
        var first = ledger.TryClaim(3)!;
        var second = ledger.TryClaim(6)!;
        ledger.Settle(second, received: true);
        Assert.Equal(0, ledger.Mark);
        ledger.Settle(first, received: true);
        Assert.Equal(6, ledger.Mark);
        Assert.True(ledger.IsSettled);
    }

    // A caller that names a position in the middle of a run that is out must not hide what is behind the run.
    [Fact]
    public void TryClaim_MarkInTheMiddleOfARun_GivesWhatIsBehindTheRun()
    {
        var ledger = new DeliveryLedger(mark: 0);
        var first = ledger.TryClaim(10)!;
        ledger.ReceiveUpTo(5);
        Assert.Equal((11, 12), Take(ledger, 12));
        ledger.Settle(first, received: false);
        Assert.Equal((6, 10), Take(ledger, 12));
    }

    [Fact]
    public void SetWritten_AndThenLost_IsHandedOutAgainAndNotBefore()
    {
        var ledger = new DeliveryLedger(mark: 0);
        var first = ledger.TryClaim(3)!;
        var second = ledger.TryClaim(6)!;
        first.SetWritten();
        second.SetWritten();
        Assert.False(ledger.HasOnTheWay);
        Assert.Equal((0, 6), (ledger.Mark, ledger.Written));
        Assert.Null(ledger.TryClaim(6));

        ledger.Settle(second, received: true);
        ledger.Settle(first, received: false);

        Assert.Equal((0, 0), (ledger.Mark, ledger.Written));
        Assert.Equal((1, 3), Take(ledger, 6));
        Assert.Null(ledger.TryClaim(6));
    }

    [Fact]
    public void WriteUpTo_OthersAreOnTheirWay_TakesWhatIsBetween()
    {
        var ledger = new DeliveryLedger(mark: 1);
        var page = ledger.TryClaim(3)!;
        var written = ledger.WriteUpTo(5);
        Assert.Equal((4, 5), (Assert.Single(written).First, written[0].Last));
        Assert.Equal(1, ledger.Written);
        page.SetWritten();
        Assert.Equal(5, ledger.Written);

        // A caller has named a position in the middle: what is lost then is only what is behind it.
        ledger.ReceiveUpTo(4);
        ledger.Settle(written[0], received: false);
        ledger.Settle(page, received: false);
        Assert.Equal((5, 5), Take(ledger, 5));
    }

    [Fact]
    public void Shorten_ToWhatACallerHasNamed_HidesNothingBehindIt()
    {
        var ledger = new DeliveryLedger(mark: 0);
        var page = ledger.TryClaim(2)!;
        ledger.ReceiveUpTo(1);
        ledger.Shorten(page, 1);
        Assert.False(ledger.HasOnTheWay);
        ledger.WriteUpTo(2);
        Assert.Equal((1, 2), (ledger.Mark, ledger.Written));
    }

    // The model: a set of received positions and, for each reply, the set of positions that are out with it.
    [Property(MaxTest = 300, StartSize = 200, EndSize = 400)]
    public void AnySequence_AgainstASimpleModel_Agrees(byte given, byte more, (byte Kind, byte Which, byte HowFar)[] steps)
    {
        var mark = given % 4;
        var last = mark + (more % 5);
        var ledger = new DeliveryLedger(mark);
        var received = Enumerable.Range(1, mark).ToHashSet();
        var outstanding = new List<(DeliveryLedger.Range Range, HashSet<int> Positions)>();
        foreach (var (kind, which, howFar) in steps)
        {
            switch (kind % 8)
            {
                case 0:
                    last += howFar % 6;
                    break;
                case 1:
                    Take();
                    break;
                case 2 when outstanding.Count > 0:
                    var (range, positions) = outstanding[which % outstanding.Count];
                    var to = range.First + (howFar % (range.Last - range.First + 1));
                    ledger.Shorten(range, to);
                    positions.RemoveWhere(position => position > to);
                    break;
                case 3 or 4 when outstanding.Count > 0:
                    var at = which % outstanding.Count;
                    var wasReceived = howFar % 3 > 0;
                    ledger.Settle(outstanding[at].Range, wasReceived);
                    if (wasReceived)
                    {
                        received.UnionWith(outstanding[at].Positions);
                    }

                    outstanding.RemoveAt(at);
                    break;
                case 5 when which % 3 == 0:
                    var upTo = howFar % (last + 1);
                    ledger.ReceiveUpTo(upTo);
                    received.UnionWith(Enumerable.Range(1, upTo));
                    break;
                case 6 when outstanding.Count > 0:
                    outstanding[which % outstanding.Count].Range.SetWritten();
                    break;
                case 7 when which % 3 == 0:
                    foreach (var gap in ledger.WriteUpTo(howFar % (last + 1)))
                    {
                        var gapPositions = Enumerable.Range(gap.First, gap.Last - gap.First + 1).ToHashSet();
                        Assert.DoesNotContain(gapPositions, received.Contains);
                        outstanding.Add((gap, gapPositions));
                    }

                    break;
            }

            var expectedMark = Enumerable.Range(1, last + 1).First(position => !received.Contains(position)) - 1;
            Assert.Equal(expectedMark, ledger.Mark);
            var notLost = outstanding
                .Where(reply => reply.Range.State == DeliveryLedger.RangeState.Written)
                .SelectMany(reply => reply.Positions)
                .Concat(received)
                .ToHashSet();
            Assert.Equal(
                Enumerable.Range(1, last + 1).First(position => !notLost.Contains(position)) - 1, ledger.Written);
        }

        // What nobody has or gets must still come, and nothing else.
        outstanding.ForEach(reply => ledger.Settle(reply.Range, received: false));
        outstanding.Clear();
        while (ledger.TryClaim(last) is { } rest)
        {
            Assert.All(Enumerable.Range(rest.First, rest.Last - rest.First + 1), position => Assert.True(received.Add(position)));
            ledger.Settle(rest, received: true);
        }

        Assert.Equal(Enumerable.Range(1, last), received.Order());
        Assert.Equal(last, ledger.Mark);
        Assert.True(ledger.IsSettled);

        void Take()
        {
            var busy = outstanding.SelectMany(reply => reply.Positions).Concat(received).ToHashSet();
            var free = Enumerable.Range(1, last).Where(position => !busy.Contains(position)).ToList();
            var range = ledger.TryClaim(last);
            Assert.Equal(free.Count > 0, range is not null);
            if (range is not null)
            {
                Assert.Equal(free[0], range.First);
                var positions = Enumerable.Range(range.First, range.Last - range.First + 1).ToHashSet();
                Assert.DoesNotContain(positions, busy.Contains);
                outstanding.Add((range, positions));
            }
        }
    }

    private static (int First, int Last)? Take(DeliveryLedger ledger, int last) =>
        ledger.TryClaim(last) is { } range ? (range.First, range.Last) : null;
}
