using System.Globalization;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Upstream;
using Batching.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Batching.CrashTests.Callers;

/// <summary>An owner who speaks gRPC.</summary>
internal sealed class GrpcCaller : ICaller
{
    private readonly ArrivalLog _arrivals = new();
    private readonly GrpcChannel _channel;
    private readonly BatchService.BatchServiceClient _batches;
    private readonly KeyedBatchService.KeyedBatchServiceClient _keyed;
    private readonly Metadata _headers;
    private readonly string _authorization;

    public GrpcCaller(string address, string token)
    {
        _channel = GrpcChannel.ForAddress(
            address,
            new GrpcChannelOptions
            {
                HttpHandler = new SocketsHttpHandler
                {
                    ConnectCallback = _arrivals.ConnectAsync,
                    EnableMultipleHttp2Connections = true,
                },
                DisposeHttpClient = true,
                CompressionProviders = [],
            });
        _batches = new BatchService.BatchServiceClient(_channel);
        _keyed = new KeyedBatchService.KeyedBatchServiceClient(_channel);
        _authorization = $"Bearer {token}";
        _headers = new Metadata { { "authorization", _authorization } };
    }

    public async Task<Accepted> SubmitAsync(BatchPlan plan, string notifyUrl)
    {
        var request = new CreateBatchRequest { Open = plan.OpenWith is not null };
        request.Requests.AddRange(plan.Submitted.Select(ToRequest));
        if (plan.Notifies)
        {
            request.Notify = new Notify { Url = notifyUrl, Events = { "done", "failed_first" } };
        }

        var batch = (await CallAsync(_batches.CreateBatchAsync(request, _headers))).Batch;
        return new Accepted(batch.Id, [.. batch.Requests.Select(accepted => accepted.Id)]);
    }

    public async Task<IReadOnlyList<string>> AppendAsync(string batchId, int offset, IReadOnlyList<RequestPlan> requests)
    {
        var request = new AppendRequestsRequest { BatchId = batchId, Offset = offset };
        foreach (var plan in requests)
        {
            var appended = ToRequest(plan);
            appended.ClearKey();
            request.Requests.Add(appended);
        }

        var batch = (await CallAsync(_batches.AppendRequestsAsync(request, _headers))).Batch;
        return [.. batch.Requests.Select(appended => appended.Id)];
    }

    public Task SealAsync(string batchId) =>
        CallAsync(_batches.SealBatchAsync(new SealBatchRequest { BatchId = batchId }, _headers));

    public async Task<Counters> GetStatusAsync(string batchId) => ToCounters((await CallAsync(
        _batches.GetBatchStatusAsync(new GetBatchStatusRequest { BatchId = batchId }, _headers))).Batch);

    public async Task<ResultPage> FetchAsync(string batchId, long? after)
    {
        var request = new FetchBatchRequest { BatchId = batchId };
        if (after is { } position)
        {
            request.After = position;
        }

        var call = _arrivals.NextCall();
        FetchBatchResponse reply;
        try
        {
            reply = await _batches.FetchBatchAsync(request, HeadersOf(call));
            await CheckArrivalAsync(call);
        }
        catch (RpcException exception)
        {
            var arrived = await _arrivals.EndOfAsync(call);
            if (arrived is null || !await arrived.IsWhole || arrived.Read(FetchBatchResponse.Parser) is not [var whole])
            {
                throw ToFailure(exception);
            }

            reply = whole;
        }

        return new ResultPage(ToCounters(reply.Batch), reply.Position, [.. reply.Batch.Requests.Select(ToResult)]);
    }

    public async IAsyncEnumerable<StreamRecord> StreamAsync(string batchId, long? after)
    {
        var request = new FetchResultsRequest { BatchId = batchId };
        if (after is { } position)
        {
            request.After = position;
        }

        var name = _arrivals.NextCall();
        using var call = _batches.FetchResults(request, HeadersOf(name));
        try
        {
            for (var read = 0; ; read++)
            {
                RpcException? failure = null;
                try
                {
                    if (!await call.ResponseStream.MoveNext(CancellationToken.None))
                    {
                        yield break;
                    }
                }
                catch (RpcException exception)
                {
                    failure = exception;
                }

                if (failure is null)
                {
                    if (call.ResponseStream.Current.Progress is null)
                    {
                        yield return ToRecord(call.ResponseStream.Current);
                    }

                    continue;
                }

                var arrived = await _arrivals.EndOfAsync(name);
                foreach (var record in arrived?.Read(FetchResultsResponse.Parser).Skip(read) ?? [])
                {
                    if (record.Progress is null)
                    {
                        yield return ToRecord(record);
                    }
                }

                throw ToFailure(failure);
            }
        }
        finally
        {
            _arrivals.Forget(name);
        }
    }

    public async Task ReadBodyAsync(string batchId, string requestId, MemoryStream body)
    {
        var request = new ReadBodyRequest { BatchId = batchId, RequestId = requestId, Offset = body.Length };
        using var call = _batches.ReadBody(request, _headers);
        try
        {
            var size = -1L;
            await foreach (var part in call.ResponseStream.ReadAllAsync())
            {
                size = part.Size;
                body.Write(part.Chunk.Span);
            }

            if (body.Length != size)
            {
                throw new InvalidDataException($"The body of {requestId} has {body.Length} bytes instead of {size}.");
            }
        }
        catch (RpcException exception)
        {
            throw ToFailure(exception);
        }
    }

    public Task CancelAsync(string batchId) =>
        CallAsync(_batches.CancelBatchAsync(new CancelBatchRequest { BatchId = batchId }, _headers));

    public Task DeleteAsync(string batchId) =>
        CallAsync(_batches.DeleteBatchAsync(new DeleteBatchRequest { BatchId = batchId }, _headers));

    public async Task<IReadOnlyList<string>> ListAsync()
    {
        var ids = new List<string>();
        var request = new ListBatchesRequest();
        do
        {
            var page = await CallAsync(_batches.ListBatchesAsync(request, _headers));
            ids.AddRange(page.Batches.Select(batch => batch.Id));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return ids;
    }

    public async Task<IReadOnlyList<KeyedReply>> RunKeyedAsync(IReadOnlyList<RequestPlan> calls)
    {
        var request = new RunBatchRequest();
        request.Calls.AddRange(calls.Select(call => new KeyedRequest { Key = call.Token, Request = ToRequest(call) }));
        var reply = await CallAsync(_keyed.RunBatchAsync(request, _headers));
        return
        [
            .. reply.Replies.Select(one => new KeyedReply(
                one.Key, one.Response.StatusCode, ReasonOf(one.Response), BodyHash.Of(one.Response.Body.Span))),
        ];
    }

    public void Dispose() => _channel.Dispose();

    private Metadata HeadersOf(string call) =>
        new() { { "authorization", _authorization }, { ArrivalLog.HeaderName, call } };

    // What the client has read must have arrived: else the log misses what it is for.
    private async Task CheckArrivalAsync(string call)
    {
        var arrived = await _arrivals.EndOfAsync(call);
        if (arrived is null || !await arrived.IsWhole || arrived.Read(FetchBatchResponse.Parser).Count != 1)
        {
            throw new InvalidOperationException($"The log of arrivals doesn't have the reply to call {call}.");
        }
    }

    private static async Task<T> CallAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            return await call;
        }
        catch (RpcException exception)
        {
            throw ToFailure(exception);
        }
    }

    private static CallFailedException ToFailure(RpcException exception) => new(
        exception.StatusCode == StatusCode.NotFound,
        $"{exception.StatusCode}: {exception.Status.Detail}",
        exception);

    private static Request ToRequest(RequestPlan plan)
    {
        var request = new Request
        {
            Path = plan.Path,
            Method = plan.Method,
            Body = ByteString.CopyFromUtf8(plan.Body),
            Key = plan.Token,
        };
        if (plan.DependsOn.Count > 0)
        {
            request.DependsOn.Add(plan.DependsOn);
            request.RunWhen = RunWhen.Done;
        }

        if (plan.IdempotencyKey is { } key)
        {
            request.Headers["Idempotency-Key"] = key;
        }

        request.Spawner = plan.Spawner != SpawnerKind.None;
        if (plan.Spawner == SpawnerKind.FanOut)
        {
            request.Pagination = new Pagination
            {
                Style = PaginationStyle.Page,
                PageSize = 1,
                TotalPointer = "/total",
            };
        }

        return request;
    }

    // Of an open batch more may come.
    private static Counters ToCounters(Batch batch) =>
        new(batch.TotalRequests, batch.Open ? Math.Max(1, batch.RunningRequests) : batch.RunningRequests);

    private static ResultSeen ToResult(Request request)
    {
        var fields = request.Params?.Fields;
        var step = fields?.GetValueOrDefault("page") ?? fields?.GetValueOrDefault("cursor");
        return new ResultSeen(
            request.Id,
            RequestToken.Of(request.Path, step is not null, ToText(step)),
            request.Position,
            request.Response.StatusCode,
            ReasonOf(request.Response),
            request.Response.Size,
            BodyHash.Of(request.Response.Body.Span),
            request.DoneTime.ToDateTimeOffset())
        {
            IsBodyOmitted = request.Response.BodyOmitted,
        };
    }

    private static StreamRecord ToRecord(FetchResultsResponse record) => record.End is { } end
        ? new StreamRecord(null, end.RunningRequests)
        : new StreamRecord(ToResult(record.Request), 0);

    private static string ToText(Value? value) => value?.KindCase switch
    {
        Value.KindOneofCase.NumberValue => value.NumberValue.ToString(CultureInfo.InvariantCulture),
        Value.KindOneofCase.StringValue => value.StringValue,
        _ => "",
    };

    private static string? ReasonOf(Response response) =>
        response.Error?.Details.First(detail => detail.Is(ErrorInfo.Descriptor)).Unpack<ErrorInfo>().Reason;
}
