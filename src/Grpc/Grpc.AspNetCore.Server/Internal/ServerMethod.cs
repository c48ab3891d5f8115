using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>What all calls of one method share.</summary>
internal sealed record ServerMethod(IMethod Method, MethodOptions Options, TimeProvider TimeProvider, ILogger Logger);
