using Batching.Engine.Model;
using FsCheck.Xunit;

namespace Batching.Engine.Tests.Model;

public sealed class ResultSegmentBuilderTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeMilliseconds(1_795_300_000_123);

    [Fact]
    public void Build_Results_KeepsEverythingOfThem()
    {
        var builder = new ResultSegmentBuilder(firstPosition: 7);
        builder.Add(3, 200, Failure.None, Time, 3, "a: b\n"u8.ToArray(), "xyz"u8.ToArray());
        builder.Add(0, 499, Failure.Cancelled, Time, 0, default, "message"u8.ToArray());
        builder.Add(int.MaxValue, 404, Failure.None, Time, long.MaxValue, default, default);

        var segment = Assert.Single(builder.Build());

        Assert.Equal((7, 3, 9), (segment.FirstPosition, segment.Count, segment.LastPosition));
        var first = segment[7];
        Assert.Equal((3, 200, Failure.None, Time, 3L, false), (first.Index, first.StatusCode, first.Failure, first.DoneTime, first.Size, first.Failed));
        Assert.Equal("a: b\n"u8.ToArray(), segment.HeadersOf(first).ToArray());
        Assert.Equal("xyz"u8.ToArray(), segment.BodyOf(first).ToArray());
        Assert.Equal((499, Failure.Cancelled, true), (segment[8].StatusCode, segment[8].Failure, segment[8].Failed));
        Assert.Equal("message"u8.ToArray(), segment.BodyOf(segment[8]).ToArray());
        Assert.Equal((int.MaxValue, long.MaxValue, true), (segment[9].Index, segment[9].Size, segment[9].Failed));
        Assert.True(segment.BodyOf(segment[9]).IsEmpty);
    }

    [Fact]
    public void Build_MoreThanASegmentTakes_ContinuesPositionsWithoutGap()
    {
        var builder = new ResultSegmentBuilder(firstPosition: 1);
        int[] sizes = [40_000, 20_000, 40_000, 200_000, 1, 0];
        for (var i = 0; i < sizes.Length; i++)
        {
            var body = new byte[sizes[i]];
            Array.Fill(body, (byte)i);
            builder.Add(i, 200, Failure.None, Time, body.Length, default, body);
        }

        var segments = builder.Build();

        Assert.Equal([(1, 2), (3, 3), (4, 4), (5, 6)], segments.Select(s => (s.FirstPosition, s.LastPosition)));
        for (var position = 1; position <= sizes.Length; position++)
        {
            var segment = segments.Single(s => s.FirstPosition <= position && position <= s.LastPosition);
            var body = segment.BodyOf(segment[position]).ToArray();
            Assert.Equal(sizes[position - 1], body.Length);
            Assert.All(body, b => Assert.Equal(position - 1, b));
        }
    }

    [Property(MaxTest = 200)]
    public void Build_AnyLengths_GivesEachResultBackAtItsPosition(
        (byte Kind, byte Headers, byte Body)[] lengths, byte before)
    {
        // Some results fill a segment or two thirds of it.
        var results = lengths.Select(
            (length, i) => (
                Headers: Bytes(i, length.Kind > 230 ? length.Headers * 300 : length.Headers),
                Body: Bytes(i + 1, length.Kind is > 200 and < 240 ? length.Body * 300 : length.Body))).ToArray();
        var builder = new ResultSegmentBuilder(before + 1);
        foreach (var (index, (headers, body)) in results.Index())
        {
            builder.Add(index, 200, Failure.None, Time, body.Length, headers, body);
        }

        var segments = builder.Build();

        Assert.Equal(
            Enumerable.Range(before + 1, results.Length),
            segments.SelectMany(segment => Enumerable.Range(segment.FirstPosition, segment.Count)));
        foreach (var segment in segments)
        {
            Assert.True(segment.Count == 1 || segment.Payload!.Length <= ResultSegment.TargetPayloadBytes);
            for (var position = segment.FirstPosition; position <= segment.LastPosition; position++)
            {
                var entry = segment[position];
                Assert.Equal(position - before - 1, entry.Index);
                Assert.Equal(results[entry.Index].Body.Length, entry.Size);
                Assert.True(segment.HeadersOf(entry).Span.SequenceEqual(results[entry.Index].Headers));
                Assert.True(segment.BodyOf(entry).Span.SequenceEqual(results[entry.Index].Body));
            }
        }

        static byte[] Bytes(int content, int count)
        {
            var bytes = new byte[count];
            Array.Fill(bytes, (byte)content);
            return bytes;
        }
    }

    [Fact]
    public void Build_Nothing_GivesNoSegment() => Assert.Empty(new ResultSegmentBuilder(1).Build());

    [Fact]
    public void BodyOf_WithoutPayload_IsEmpty()
    {
        var builder = new ResultSegmentBuilder(1);
        builder.Add(0, 200, Failure.None, Time, 3, "a: b\n"u8.ToArray(), "xyz"u8.ToArray());
        var stripped = new ResultSegment(1, builder.Build()[0].Entries, null);
        Assert.True(stripped.BodyOf(stripped[1]).IsEmpty);
        Assert.True(stripped.HeadersOf(stripped[1]).IsEmpty);
        Assert.Equal(3, stripped[1].Size);
    }
}
