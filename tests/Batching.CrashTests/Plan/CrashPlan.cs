using System.Globalization;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests.Plan;

/// <summary>
/// Everything that is random about a run, made from one number: every batch and every kill is the same in each run
/// with the same seed. How far the server is at a kill is not.
/// </summary>
/// <param name="seed">The number.</param>
/// <param name="hasOpenBatches">Whether some batches are appended to: gateways that share the work refuse those.</param>
internal sealed class CrashPlan(int seed, bool hasOpenBatches = true)
{
    /// <summary>How many owners there are.</summary>
    public const int Owners = 4;

    // A kind of random numbers each, so that a change to one leaves the others.
    private const int Batches = 1;
    private const int Kills = 2;
    private const int KeyedBatches = 3;
    private const int Credentials = 4;
    private const int Dependencies = 5;
    private const int Appends = 6;
    private const int Notifications = 7;

    private static readonly int[] Failures = [400, 404, 409, 500];
    private static readonly int[] Transients = [429, 503];

    public int Seed => seed;

    /// <summary>What the owner authenticates with: long enough to be found by searching for it.</summary>
    public string TokenOf(int owner) => string.Create(
        CultureInfo.InvariantCulture,
        $"owner{owner}-{Convert.ToHexStringLower(Bytes(RandomOf(Credentials, owner), 20))}");

    /// <summary>A kill; the first one is number 0.</summary>
    public KillPlan Kill(int number)
    {
        var random = RandomOf(Kills, number);
        var moment = random.Next(100) switch
        {
            < 16 => KillMoment.Startup,
            < 26 => KillMoment.Listening,
            < 38 => KillMoment.SubmissionSent,
            < 54 => KillMoment.SubmissionAcknowledged,
            < 64 => KillMoment.FetchSent,
            < 78 => KillMoment.ResultsRead,
            < 86 => KillMoment.SafeCall,
            _ => KillMoment.UnsafeCall,
        };
        var (count, longest) = moment switch
        {
            KillMoment.Startup => (1, 1.1),
            KillMoment.Listening => (1, 60),
            KillMoment.SubmissionSent or KillMoment.SubmissionAcknowledged => (random.Next(1, 5), 4),
            KillMoment.ResultsRead => (random.Next(1, 100), 4),
            KillMoment.FetchSent => (random.Next(1, 40), 4),
            KillMoment.SafeCall => (random.Next(1, 200), 20),
            _ => (random.Next(1, 50), 4),
        };

        // At once every other time: some windows are short.
        var delay = moment == KillMoment.Startup || random.Next(2) == 0 ? random.NextDouble() * longest : 0;
        return new KillPlan(moment, count, delay);
    }

    /// <summary>A batch; the first one is number 0.</summary>
    public BatchPlan Batch(int number)
    {
        var random = RandomOf(Batches, number);
        var style = random.Next(100) switch
        {
            < 30 => ReaderStyle.Parallel,
            < 42 => ReaderStyle.ParallelPair,
            < 57 => ReaderStyle.After,
            < 75 => ReaderStyle.Stream,
            < 92 => ReaderStyle.StreamThenParallel,
            < 96 => ReaderStyle.CutReply,
            _ => ReaderStyle.Stalled,
        };
        var isLarge = style is ReaderStyle.CutReply or ReaderStyle.Stalled;
        var fate = random.Next(100) switch
        {
            _ when isLarge => Fate.Finish,
            < 80 => Fate.Finish,
            < 92 => Fate.Cancel,
            _ => Fate.Delete,
        };
        var count = isLarge ? random.Next(1, 3) : 1 + (int)(60 * random.NextDouble() * random.NextDouble());
        List<RequestPlan> requests =
        [
            .. Enumerable.Range(0, count).Select(index =>
            {
                var token = string.Create(CultureInfo.InvariantCulture, $"b{number}r{index}");
                return isLarge ? NextLarge(random, token) : NextRequest(random, token);
            }),
        ];
        var appends = RandomOf(Appends, number);
        var openWith = hasOpenBatches && fate == Fate.Finish && !isLarge && appends.Next(4) == 0 ? NextOpen(appends, requests) : null;
        return new BatchPlan
        {
            Number = number,
            Owner = random.Next(Owners),
            SubmittedBy = NextTransport(random),
            // Every other one is drained over gRPC, whose messages have no room for such bodies.
            ReadBy = isLarge ? (Transport)(number % 2) : NextTransport(random),
            Style = style,
            Fate = fate,
            FateDelay = TimeSpan.FromMilliseconds(random.Next(400)),
            CutAfter = random.Next(3) == 0 ? random.Next(1, 12) : 0,
            OpenWith = openWith,
            AppendSize = appends.Next(1, 6),
            Notifies = RandomOf(Notifications, number).Next(2) == 0,
            Requests =
            [
                .. AddDependencies(RandomOf(Dependencies, number), [.. requests.Take(openWith ?? count)]),
                .. requests.Skip(openWith ?? count),
            ],
        };
    }

    /// <summary>The calls of a keyed batch, which are no spawners.</summary>
    public IReadOnlyList<RequestPlan> KeyedBatch(int number)
    {
        var random = RandomOf(KeyedBatches, number);
        return
        [
            .. Enumerable.Range(0, random.Next(1, 6)).Select(index =>
            {
                var token = string.Create(CultureInfo.InvariantCulture, $"k{number}r{index}");
                return NextCall(random, token);
            }),
        ];
    }

    // Spawners can't be appended.
    private static int? NextOpen(Random random, List<RequestPlan> requests)
    {
        var first = requests.FindLastIndex(request => request.Spawner != SpawnerKind.None) + 1;
        return random.Next(Math.Max(1, first), requests.Count + 1);
    }

    // Of every third batch some requests wait for others, which stand before them or behind them.
    private static List<RequestPlan> AddDependencies(Random random, List<RequestPlan> requests)
    {
        if (random.Next(3) > 0)
        {
            return requests;
        }

        var order = Enumerable.Range(0, requests.Count).ToArray();
        random.Shuffle(order);
        for (var place = 1; place < order.Length; place++)
        {
            if (random.Next(3) == 0)
            {
                var others = Enumerable.Range(0, random.Next(1, 4)).Select(_ => requests[order[random.Next(place)]].Token);
                requests[order[place]] = requests[order[place]] with { DependsOn = [.. others.Distinct()] };
            }
        }

        return requests;
    }

    // More than the buffers between two sockets of one machine hold: the server can't get rid of the whole reply while
    // nobody reads it.
    private static RequestPlan NextLarge(Random random, string token)
    {
        var answer = new AnswerPlan { Kind = BodyKind.Binary, Size = random.Next(4_500_000, 6_000_000) };
        return new RequestPlan(token, "GET", $"call/{token}?{answer.ToQuery()}") { Answer = answer };
    }

    private static RequestPlan NextRequest(Random random, string token)
    {
        if (random.Next(12) > 0)
        {
            return NextCall(random, token);
        }

        var answer = new AnswerPlan
        {
            DelayMilliseconds = random.Next(30),
            Kind = BodyKind.Json,
            Size = random.Next(2000),
            Pages = random.Next(1, 9),
            Status = random.Next(6) == 0 ? 503 : 200,
            StatusTimes = 1,
            Cuts = random.Next(8) == 0 ? 1 : 0,
        };
        return new RequestPlan(token, "GET", $"pages/{token}?{answer.ToQuery()}")
        {
            Spawner = random.Next(2) == 0 ? SpawnerKind.Cursor : SpawnerKind.FanOut,
            Answer = answer,
        };
    }

    private static RequestPlan NextCall(Random random, string token)
    {
        var answer = NextAnswer(random);
        var method = random.Next(10) switch
        {
            < 3 => "GET",
            3 => "PUT",
            4 => "DELETE",
            5 => "PATCH",
            _ => "POST",
        };
        var isUnsafe = method is "POST" or "PATCH";
        return new RequestPlan(token, method, $"call/{token}?{answer.ToQuery()}")
        {
            Body = isUnsafe || method == "PUT" ? $$"""{"of":"{{token}}"}""" : "",
            IdempotencyKey = isUnsafe && random.Next(2) == 0 ? $"key-of-{token}-{random.Next():x8}" : null,
            Answer = answer,
        };
    }

    private static AnswerPlan NextAnswer(Random random)
    {
        var size = random.Next(100) switch
        {
            < 80 => random.Next(1500),
            < 95 => random.Next(20_000),
            < 99 => random.Next(65_000, 200_000),
            _ => random.Next(1_000_000, 2_500_000),
        };
        var delay = random.Next(10) switch
        {
            < 5 => 0,
            < 9 => random.Next(50),
            _ => random.Next(400),
        };
        var (status, times) = random.Next(20) switch
        {
            < 17 => (200, 0),
            17 => (Failures[random.Next(Failures.Length)], 0),
            18 => (Transients[random.Next(Transients.Length)], 1),
            _ => (503, 0),
        };
        return new AnswerPlan
        {
            DelayMilliseconds = delay,
            Kind = (BodyKind)random.Next(4),
            Size = size,
            Status = status,
            StatusTimes = times,
            Cuts = random.Next(15) == 0 ? random.Next(1, 3) : 0,
        };
    }

    private static Transport NextTransport(Random random) => random.Next(2) == 0 ? Transport.Grpc : Transport.Rest;

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    // The numbers of a seeded Random are the same in every version of .NET; those of HashCode in no two processes.
    private Random RandomOf(int kind, int number) => new(unchecked((((seed * 31) + kind) * 1_000_003) + number));
}
