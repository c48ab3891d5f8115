using Batching.Engine.Model;
using Batching.V1;
using Google.Protobuf;

namespace Batching.Engine.Submission;

/// <summary>Makes of a submitted request what is stored of it, and of that what is shown.</summary>
internal static class RequestDefinition
{
    /// <summary>Makes a request what is stored of it: only the caller's fields, the method by its right name.</summary>
    /// <param name="request">As it was submitted, and found to be right.</param>
    public static void Sanitize(Request request)
    {
        request.Method = Methods.Find(request.Method)!.Method;
        request.Id = "";
        request.SpawnedBy = "";
        request.CreateTime = null;
        request.DoneTime = null;
        request.State = RequestState.Unspecified;
        request.Position = 0;
        request.Response = null;
        request.ClearIndex();
        request.Item = null;
        if (request.Key.Length == 0)
        {
            request.ClearKey();
        }

        if (request.RunWhen == RunWhen.Unspecified)
        {
            request.ClearRunWhen();
        }
    }

    /// <summary>Leaves of a stored request what callers are shown again: its header fields and its body are not.</summary>
    public static void StripForReply(Request request)
    {
        request.Headers.Clear();
        request.Body = ByteString.Empty;
        request.Pagination = null;
    }
}
