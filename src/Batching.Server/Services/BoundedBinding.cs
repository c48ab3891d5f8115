using Batching.Rest.Requests;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Batching.Server.Services;

/// <summary>
/// Binds service classes so that what a message takes in memory is estimated, and charged to its caller, before it is decoded. Grpc.AspNetCore finds
/// the method to bind with by an attribute of the class and gives it no services, so the limit is handed over on the side.
/// </summary>
internal static class BoundedBinding
{
    // Finds the call that a message is of, which nobody else says.
    private static readonly HttpContextAccessor Calls = new();

    // Classes are bound while they are mapped, by the thread that maps them.
    [ThreadStatic]
    private static long? _limit;

    /// <summary>Maps a service whose class binds itself with <see cref="Bound"/>.</summary>
    /// <typeparam name="TService">The class.</typeparam>
    /// <param name="endpoints">Where to map it.</param>
    /// <param name="limit">Bytes that a message may take.</param>
    public static GrpcServiceEndpointConventionBuilder MapBoundedGrpcService<TService>(
        this IEndpointRouteBuilder endpoints, long limit)
        where TService : class
    {
        _limit = limit;
        try
        {
            return endpoints.MapGrpcService<TService>();
        }
        finally
        {
            _limit = null;
        }
    }

    /// <summary>The binder to bind with in the place of the one that is given.</summary>
    public static ServiceBinderBase Bound(ServiceBinderBase binder) => new Binder(
        binder, _limit ?? throw new InvalidOperationException($"Map the service with {nameof(MapBoundedGrpcService)}."));

    private sealed class Binder(ServiceBinderBase inner, long limit) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            inner.AddMethod(Bound(method), handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
            inner.AddMethod(Bound(method), handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
            inner.AddMethod(Bound(method), handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
            inner.AddMethod(Bound(method), handler);

        private Method<TRequest, TResponse> Bound<TRequest, TResponse>(Method<TRequest, TResponse> method)
            where TRequest : class
            where TResponse : class
        {
            var type = ((IMessage)Activator.CreateInstance<TRequest>()).Descriptor;
            var marshaller = method.RequestMarshaller;
            return new Method<TRequest, TResponse>(
                method.Type,
                method.ServiceName,
                method.Name,
                Marshallers.Create(
                    marshaller.ContextualSerializer, context => Read(context, type, marshaller.ContextualDeserializer)),
                method.ResponseMarshaller);
        }

        private TRequest Read<TRequest>(
            DeserializationContext context, MessageDescriptor type, Func<DeserializationContext, TRequest> read)
        {
            var size = MessageMemory.Estimate(type, context.PayloadAsReadOnlySequence(), limit);
            if (size > limit)
            {
                throw new RpcException(new Status(
                    StatusCode.ResourceExhausted,
                    $"The message has too many parts: decoded it takes more than {limit} bytes. Send fewer in one message."));
            }

            var memory = RequestMemory.Find(Calls.HttpContext);
            memory?.TakeDecoded(size);
            try
            {
                return read(context);
            }
            catch (InvalidProtocolBufferException exception)
            {
                // Whoever sends it, it is no error of this server.
                throw new RpcException(new Status(StatusCode.Internal, "The message is not valid protobuf.", exception));
            }
            finally
            {
                memory?.EndDecoding();
            }
        }
    }
}
