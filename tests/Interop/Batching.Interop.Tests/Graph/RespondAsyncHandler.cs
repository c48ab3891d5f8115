using System.Net;

namespace Batching.Interop.Tests.Graph;

/// <summary>
/// Sends batches with <c>Prefer: respond-async</c>, and gives the client the reply when it is there, also of a gateway that was down meanwhile:
/// what somebody writes who has a client and doesn't want to keep a connection.
/// </summary>
internal sealed class RespondAsyncHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource<Uri> _place = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The path at which the reply of the first batch is asked for, once it is accepted.</summary>
    public Task<Uri> Place => _place.Task;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Add("Prefer", "respond-async");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Deadline);
        var response = await base.SendAsync(request, deadline.Token);
        if (response.StatusCode != HttpStatusCode.Accepted)
        {
            return response;
        }

        var place = new Uri(request.RequestUri!, response.Headers.Location!);
        _place.TrySetResult(place);
        while (response.StatusCode == HttpStatusCode.Accepted)
        {
            await Task.Delay(Interval, TimeProvider.System, deadline.Token);
            using var again = new HttpRequestMessage(HttpMethod.Get, place) { Headers = { Authorization = request.Headers.Authorization } };
            try
            {
                var reply = await base.SendAsync(again, deadline.Token);
                response.Dispose();
                response = reply;
            }
            catch (HttpRequestException)
            {
                // It is down at the moment.
            }
        }

        return response;
    }
}
