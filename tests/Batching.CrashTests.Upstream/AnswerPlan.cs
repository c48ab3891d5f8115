using System.Globalization;

namespace Batching.CrashTests.Upstream;

/// <summary>How the upstream is to answer; callers say so in the query of their path.</summary>
public sealed record AnswerPlan
{
    /// <summary>How long to wait first.</summary>
    public int DelayMilliseconds { get; init; }

    /// <summary>The status code.</summary>
    public int Status { get; init; } = 200;

    /// <summary>So many first calls get the status, those behind them 200; 0 for all calls.</summary>
    public int StatusTimes { get; init; }

    /// <summary>The connection is broken at so many first calls, in the middle of the body.</summary>
    public int Cuts { get; init; }

    /// <summary>What the body is.</summary>
    public BodyKind Kind { get; init; }

    /// <summary>About how many bytes the body has.</summary>
    public int Size { get; init; }

    /// <summary>Pages of a collection: how many there are.</summary>
    public int Pages { get; init; }

    /// <summary>As query of a path.</summary>
    public string ToQuery() => string.Create(
        CultureInfo.InvariantCulture,
        $"delay={DelayMilliseconds}&status={Status}&times={StatusTimes}&cut={Cuts}&kind={Kind}&size={Size}&pages={Pages}");

    internal static AnswerPlan Read(IQueryCollection query) => new()
    {
        DelayMilliseconds = Integer(query, "delay"),
        Status = Integer(query, "status"),
        StatusTimes = Integer(query, "times"),
        Cuts = Integer(query, "cut"),
        Kind = Enum.Parse<BodyKind>(query["kind"].ToString()),
        Size = Integer(query, "size"),
        Pages = Integer(query, "pages"),
    };

    private static int Integer(IQueryCollection query, string name) =>
        int.Parse(query[name].ToString(), CultureInfo.InvariantCulture);
}
