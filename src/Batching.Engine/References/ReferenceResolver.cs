using Batching.Engine.Configuration;
using Batching.Engine.Content;
using Batching.Engine.Model;
using Batching.Engine.Running;
using Batching.Engine.Storage;
using Batching.Engine.Upstreams;
using Batching.V1;
using Microsoft.Extensions.Options;

namespace Batching.Engine.References;

/// <summary>
/// Puts the values of references into requests that are about to be sent, from the results as they are stored, and checks again what
/// was checked when the request was submitted. Thread-safe.
/// </summary>
internal sealed class ReferenceResolver(ResultReader results, UpstreamRouter router, IOptions<BatchEngineOptions> options)
{
    private readonly LimitOptions _limits = options.Value.Limits;

    /// <summary>Resolves the references of a request.</summary>
    /// <param name="batch">Its batch.</param>
    /// <param name="request">The request, whose references are to be read. What it depends on has its results.</param>
    /// <param name="read">The results that were read before, which others may refer to as well.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="StoreUnavailableException">The results can't be read at the moment.</exception>
    public async ValueTask<ResolvedRequest> ResolveAsync(
        ActiveBatch batch, Request request, ReferencedResults read, CancellationToken cancellationToken)
    {
        var template = new RequestTemplate(request, _limits);
        if (template.IsPlain)
        {
            return new ResolvedRequest(request);
        }

        var values = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var reference in template.References)
        {
            if (values.ContainsKey(reference.Text))
            {
                continue;
            }

            var position = batch.Dependencies?.FindPosition(reference.Key, out _) ?? 0;
            var problem = "is to a request that has no result";
            ReadOnlyMemory<byte> value = default;
            if (position > 0 && await read.FindAsync(results, batch.Key, position, _limits, cancellationToken) is { } result)
            {
                value = result.Find(reference, out problem);
            }

            if (problem is not null)
            {
                return new ResolvedRequest(
                    null, Failure.ReferenceNotFound, $"The reference {CallerText.Quote(reference.Text)} {problem}.");
            }

            values.Add(reference.Text, value);
        }

        return Fill(request, template, new ReferenceFill(reference => values[reference.Text]));
    }

    /// <summary>Puts values that are known into a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="template">What was read of it.</param>
    /// <param name="values">The values.</param>
    public ResolvedRequest Fill(Request request, RequestTemplate template, ReferenceFill values)
    {
        var filled = template.Fill(values);
        if ((values.Problem ?? FindProblem(template, filled)) is { } problem)
        {
            return new ResolvedRequest(null, Failure.ReferenceUnusable, problem);
        }

        // It is sent as it is now: what looks like a reference in a value is none.
        filled.References = false;
        return new ResolvedRequest(filled);
    }

    private string? FindProblem(RequestTemplate template, Request filled)
    {
        var length = 0;
        foreach (var (name, value) in filled.Headers)
        {
            length += name.Length + value.Length;
        }

        if (length > _limits.HeaderLength)
        {
            return $"With the values of its references its headers have {length} characters; the limit is {_limits.HeaderLength}.";
        }

        foreach (var name in template.FilledHeaders)
        {
            if (HeaderRules.FindProblem(name, filled.Headers[name]) is { } wrong)
            {
                return $"With the values of its references the header {CallerText.Quote(name)} {wrong}.";
            }
        }

        if (!router.TryRoute(filled, out var route, out var problem))
        {
            return $"With the values of its references the {problem.Field} {problem.Message}.";
        }

        // No value leads to another API, whatever the upstreams' prefixes are.
        return router.TryRoute(template.Fill(ReferenceFill.Placeholders()), out var expected, out _)
            && expected.Upstream != route.Upstream
            ? $"With the values of its references the path leads to the upstream {CallerText.Quote(route.Upstream.Name)}."
            : null;
    }
}
