namespace Grpc.Core.Internal;

/// <summary>The part that all call objects share. The state is passed to each function so that one set serves many calls.</summary>
internal readonly struct CallState(
    object state,
    Func<object, Task<Metadata>> responseHeaders,
    Func<object, Status> getStatus,
    Func<object, Metadata> getTrailers,
    Action<object> dispose)
{
    public Task<Metadata> ResponseHeaders => responseHeaders(state);

    public Status GetStatus() => getStatus(state);

    public Metadata GetTrailers() => getTrailers(state);

    public void Dispose() => dispose(state);

    public static CallState FromFunctions(
        Task<Metadata> responseHeaders,
        Func<Status> getStatus,
        Func<Metadata> getTrailers,
        Action dispose)
    {
        var functions = new Functions(responseHeaders, getStatus, getTrailers, dispose);
        return new CallState(
            functions,
            static state => ((Functions)state).ResponseHeaders,
            static state => ((Functions)state).GetStatus(),
            static state => ((Functions)state).GetTrailers(),
            static state => ((Functions)state).Dispose());
    }

    private sealed record Functions(
        Task<Metadata> ResponseHeaders,
        Func<Status> GetStatus,
        Func<Metadata> GetTrailers,
        Action Dispose);
}
