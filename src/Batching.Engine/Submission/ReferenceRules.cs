using Batching.Engine.Configuration;
using Batching.Engine.Model;
using Batching.Engine.References;
using Batching.V1;

namespace Batching.Engine.Submission;

/// <summary>Checks the references of a submitted request.</summary>
internal static class ReferenceRules
{
    /// <summary>The request with something in the place of each reference, so that the rest of it can be checked.</summary>
    /// <param name="request">As it was submitted.</param>
    /// <param name="limits">What it may have.</param>
    /// <param name="field">Where it stands.</param>
    /// <param name="problems">Gets what is wrong with its references.</param>
    /// <returns>The request itself if it has none; null if something is wrong with them.</returns>
    public static Request? Fill(Request request, LimitOptions limits, string field, List<Problem> problems)
    {
        if (!RequestTemplate.IsWanted(request))
        {
            return request;
        }

        var before = problems.Count;
        var template = new RequestTemplate(request, limits);
        problems.AddRange(template.Problems.Select(problem => new Problem($"{field}.{problem.Field}", problem.Message)));
        if (request.Spawner && (!template.IsPlain || template.Problems.Count > 0))
        {
            problems.Add(new Problem(
                $"{field}.references", "can't stand in a spawner; where references is false, such a text is sent as it is"));
        }

        if (template.References.Count > limits.ReferencesPerRequest)
        {
            problems.Add(new Problem(
                $"{field}.references",
                $"are {template.References.Count}; the limit is {limits.ReferencesPerRequest} ({OptionKey.Of<LimitOptions>(nameof(LimitOptions.ReferencesPerRequest))})"));
        }

        if (problems.Count > before || template.IsPlain)
        {
            return problems.Count > before ? null : request;
        }

        var values = ReferenceFill.Placeholders();
        var filled = template.Fill(values);
        if (values.Problem is { } problem)
        {
            problems.Add(new Problem($"{field}.references", $"don't fit: {problem}"));
            return null;
        }

        return filled;
    }

    /// <summary>A request depends on what it refers to: from here on that is named among its dependencies.</summary>
    /// <param name="request">As it was submitted.</param>
    /// <param name="limits">What it may have.</param>
    public static void AddDependencies(Request request, LimitOptions limits)
    {
        if (!RequestTemplate.IsWanted(request))
        {
            return;
        }

        var template = new RequestTemplate(request, limits);
        if (template.IsPlain)
        {
            return;
        }

        request.References = true;
        var named = request.DependsOn.ToHashSet(StringComparer.Ordinal);
        request.DependsOn.Add(template.References.Select(static reference => reference.Key).Where(named.Add).ToList());
    }
}
