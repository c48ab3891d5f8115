using Batching.Engine.Model;
using Batching.V1;

namespace Batching.Engine.References;

/// <summary>A request with the values of its references, or why it can't be sent.</summary>
/// <param name="Request">The request; null if it can't be sent.</param>
/// <param name="Failure">The reason.</param>
/// <param name="Message">More about it.</param>
internal readonly record struct ResolvedRequest(Request? Request, Failure Failure = Failure.None, string? Message = null);
