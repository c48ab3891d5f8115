using System.Reflection;
using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal.Shared;

/// <summary>Finds the generated method that binds a service's methods: <c>BindService(ServiceBinderBase, TBase)</c>.</summary>
internal static class BindMethodFinder
{
    /// <summary>The bind method, or null when the class derives from no generated base class.</summary>
    public static MethodInfo? GetBindMethod(Type serviceType)
    {
        for (var type = serviceType; type is not null; type = type.BaseType)
        {
            // On the generated base class itself, not inherited: it names the type of the second parameter.
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } attribute)
            {
                return attribute.BindType.GetMethod(
                    attribute.BindMethodName,
                    BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static,
                    [typeof(ServiceBinderBase), type]);
            }
        }

        return null;
    }
}
