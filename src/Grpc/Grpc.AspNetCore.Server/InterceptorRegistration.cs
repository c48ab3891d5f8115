namespace Grpc.AspNetCore.Server;

/// <summary>One interceptor of a pipeline.</summary>
public class InterceptorRegistration
{
    internal InterceptorRegistration(Type type, object[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.Any(static argument => argument is null))
        {
            throw new ArgumentException("Null is not a valid interceptor argument.", nameof(arguments));
        }

        Type = type;
        Arguments = arguments;
    }

    /// <summary>The interceptor's type.</summary>
    public Type Type { get; }

    /// <summary>Constructor arguments that are not services.</summary>
    public IReadOnlyList<object> Arguments { get; }
}
