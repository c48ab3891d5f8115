namespace Grpc.JsonTranscoding.Tests.Infrastructure;

/// <summary>Sync points between a test and the handler of its call.</summary>
internal sealed class CallProbe
{
    /// <summary>Set when the handler has begun, in streams when it has written its messages.</summary>
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets go of a handler that ignores its token.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Set when a waiting handler ends: whether its token was cancelled.</summary>
    public TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
