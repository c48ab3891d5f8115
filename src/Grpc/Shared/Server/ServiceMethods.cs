using System.Reflection;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Walks the methods of a service class by way of its generated bind method.</summary>
internal static class ServiceMethods
{
    /// <summary>Visits each method; false when the class derives from no generated base class.</summary>
    public static bool TryVisit<TService>(IServiceMethodVisitor<TService> visitor)
        where TService : class
    {
        var bindMethod = BindMethodFinder.GetBindMethod(typeof(TService));
        if (bindMethod is null)
        {
            return false;
        }

        // Without an instance the generated code gives the methods with null handlers, which is all that is needed.
        bindMethod.Invoke(
            null,
            BindingFlags.DoNotWrapExceptions,
            binder: null,
            [new Binder<TService>(visitor, bindMethod.GetParameters()[1].ParameterType), null],
            culture: null);
        return true;
    }

    private sealed class Binder<TService>(IServiceMethodVisitor<TService> visitor, Type baseType) : ServiceBinderBase
        where TService : class
    {
        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            UnaryServerMethod<TRequest, TResponse>? handler)
        {
            var (metadata, open) = Open<UnaryServerMethod<TService, TRequest, TResponse>>(
                method, [typeof(TRequest), typeof(ServerCallContext)]);
            visitor.Unary(method, metadata, open);
        }

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            ClientStreamingServerMethod<TRequest, TResponse>? handler)
        {
            var (metadata, open) = Open<ClientStreamingServerMethod<TService, TRequest, TResponse>>(
                method, [typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext)]);
            visitor.ClientStreaming(method, metadata, open);
        }

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            ServerStreamingServerMethod<TRequest, TResponse>? handler)
        {
            var (metadata, open) = Open<ServerStreamingServerMethod<TService, TRequest, TResponse>>(
                method, [typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext)]);
            visitor.ServerStreaming(method, metadata, open);
        }

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method,
            DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
            var (metadata, open) = Open<DuplexStreamingServerMethod<TService, TRequest, TResponse>>(
                method,
                [typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext)]);
            visitor.DuplexStreaming(method, metadata, open);
        }

        private (IList<object> Metadata, TDelegate Handler) Open<TDelegate>(IMethod method, Type[] parameters)
            where TDelegate : Delegate
        {
            var handler = FindHandler(method.Name, parameters)
                ?? throw new InvalidOperationException($"Could not find '{method.Name}' on {typeof(TService)}.");

            // The method's attributes follow the class's, so that they win where the last one counts.
            var metadata = new List<object>();
            metadata.AddRange(typeof(TService).GetCustomAttributes(inherit: true));
            metadata.AddRange(handler.GetCustomAttributes(inherit: true));
            return (metadata, handler.CreateDelegate<TDelegate>());
        }

        // An override in the class, or the base class's own method (it answers UNIMPLEMENTED). A method that merely
        // hides the base's is no override and is passed over.
        private MethodInfo? FindHandler(string name, Type[] parameters)
        {
            for (var type = typeof(TService); type is not null; type = type.BaseType)
            {
                var method = type.GetMethod(
                    name,
                    BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly,
                    parameters);
                if (method is { IsVirtual: true } && method.GetBaseDefinition().DeclaringType == baseType)
                {
                    return method;
                }
            }

            return null;
        }
    }
}
