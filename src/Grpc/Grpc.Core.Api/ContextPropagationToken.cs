namespace Grpc.Core;

/// <summary>
/// Names a call whose deadline and cancellation a call made on its behalf takes over. It exists so that contexts
/// can be derived as from the official API; this runtime makes none: pass the context's token and deadline on.
/// </summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}
