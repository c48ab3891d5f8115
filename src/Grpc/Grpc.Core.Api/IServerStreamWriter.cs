namespace Grpc.Core;

/// <summary>The responses of a server stream. The stream ends when the handler returns.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}
