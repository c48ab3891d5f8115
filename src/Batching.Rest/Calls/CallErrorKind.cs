using Grpc.Core;

namespace Batching.Rest.Calls;

/// <summary>A kind of error that a call can end with. <see cref="CallErrorKinds"/> has all there are.</summary>
/// <param name="HttpStatus">The status over REST.</param>
/// <param name="Code">The code over gRPC, which the body over REST names too.</param>
/// <param name="Forms">The calls that can end with it.</param>
/// <param name="Repeat">Whether the same call makes sense again.</param>
/// <param name="Cause">What has happened, in Markdown, for the page of errors.</param>
/// <param name="Advice">What its caller can do, in Markdown, for the page of errors.</param>
internal sealed record CallErrorKind(
    int HttpStatus, StatusCode Code, CallForms Forms, CallRepeat Repeat, string Cause, string Advice);
