namespace Grpc.Core;

/// <summary>The base of clients generated with the <c>lite_client</c> option.</summary>
public abstract class LiteClientBase
{
    private readonly CallInvoker _callInvoker;

    /// <summary>For mocks: every call fails with <see cref="NotImplementedException"/>.</summary>
    protected LiteClientBase()
    {
        _callInvoker = new Internal.UnimplementedCallInvoker();
    }

    /// <summary>Makes a client over an invoker.</summary>
    protected LiteClientBase(CallInvoker callInvoker)
    {
        ArgumentNullException.ThrowIfNull(callInvoker);
        _callInvoker = callInvoker;
    }

    /// <summary>Makes a client over a channel.</summary>
    protected LiteClientBase(ChannelBase channel)
        : this(channel.CreateCallInvoker())
    {
    }

    /// <summary>Makes the calls.</summary>
    protected CallInvoker CallInvoker => _callInvoker;
}
