using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Batching.Engine.Configuration;
using Batching.Engine.Lifecycle;
using Batching.Engine.Model;
using Batching.Engine.Submission;
using Batching.Engine.Tests.Infrastructure;
using Batching.Engine.Webhooks;
using Batching.V1;
using Microsoft.AspNetCore.Http;

namespace Batching.Engine.Tests.Webhooks;

/// <summary>The whole engine with receivers that are real servers.</summary>
public sealed class WebhookDispatcherTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Done_EveryRequestHasItsResult_IsSentSignedOnceAndWithoutCredential()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync();
        await using var engine = await StartAsync(api, receiver);
        var caller = new Caller("alice", "Bearer secret");
        var id = (await SubmitAsync(engine, receiver, 3, caller: caller)).Id;
        var message = await UntilAsync(engine, id, message => message.State == V1.WebhookState.Delivered);

        var request = Assert.Single(receiver.Requests);
        Assert.Equal(("POST", "/hook?batch=1"), (request.Method, request.Target));
        Assert.Equal("application/json", request.Headers["Content-Type"]);
        Assert.Equal($"msg_{id}_done", request.Headers["webhook-id"]);
        Assert.Equal(message.Id, request.Headers["webhook-id"]);
        Assert.Equal(engine.Time.GetUtcNow().ToUnixTimeSeconds().ToString(), request.Headers["webhook-timestamp"]);
        Assert.DoesNotContain("Authorization", request.Headers.Keys);
        Assert.DoesNotContain("traceparent", request.Headers.Keys);
        AssertSigned(engine, request);

        var body = JsonDocument.Parse(request.Body).RootElement;
        Assert.Equal("batch.done", body.GetProperty("type").GetString());
        Assert.Equal(engine.Time.GetUtcNow(), body.GetProperty("timestamp").GetDateTimeOffset());
        var data = body.GetProperty("data");
        Assert.Equal(id, data.GetProperty("batch_id").GetString());
        Assert.Equal(
            (3, 0, 0, 24),
            (data.GetProperty("total_requests").GetInt32(), data.GetProperty("running_requests").GetInt32(),
                data.GetProperty("failed_requests").GetInt32(), data.GetProperty("response_size").GetInt32()));
        Assert.Equal((1, 200, ""), (message.Attempts, message.StatusCode, message.Error));
        Assert.Null(message.NextAttemptTime);
    }

    [Fact]
    public async Task FailedFirst_SeveralRequestsFail_IsSentForTheFirst()
    {
        await using var api = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/items/0" ? 200 : 500;
            return Task.CompletedTask;
        });
        await using var receiver = await TestApi.StartAsync();
        await using var engine = await StartAsync(api, receiver);
        var batch = await SubmitAsync(engine, receiver, 4, ["failed_first"]);
        await UntilAsync(engine, batch.Id, message => message.State == V1.WebhookState.Delivered);
        await engine.UntilDoneAsync(batch.Id);

        var data = JsonDocument.Parse(Assert.Single(receiver.Requests).Body).RootElement.GetProperty("data");
        Assert.Contains(data.GetProperty("request_id").GetString(), batch.Requests.Skip(1).Select(request => request.Id));
        Assert.InRange(data.GetProperty("failed_requests").GetInt32(), 1, 3);
        Assert.Single(await ListAsync(engine, batch.Id));
    }

    [Fact]
    public async Task Expired_TimeOfTheBatchIsOver_IsSentOnceItsBodiesAreDeleted()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync();
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 1, ["expired"])).Id;
        await engine.UntilDoneAsync(id);
        await engine.Get<ExpirySweeper>().SweepAsync(None);
        Assert.Empty(await ListAsync(engine, id));

        engine.Time.Advance(TimeSpan.FromHours(1));
        await engine.Get<ExpirySweeper>().SweepAsync(None);
        await UntilAsync(engine, id, message => message.State == V1.WebhookState.Delivered);
        Assert.Equal(
            "batch.expired", JsonDocument.Parse(Assert.Single(receiver.Requests).Body).RootElement.GetProperty("type").GetString());
    }

    // The gateway was off until both were due.
    [Fact]
    public async Task Expired_BatchIsDueForDeletionToo_IsSentAllTheSame()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync();
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 1, ["expired"])).Id;
        await engine.UntilDoneAsync(id);

        engine.Time.Advance(TimeSpan.FromDays(2));
        await engine.Get<ExpirySweeper>().SweepAsync(None);
        await Eventually.BeTrueAsync(() => receiver.Requests.Count == 1, "the message of a batch that is gone");
    }

    [Fact]
    public async Task Receiver_Answers500Then200_GetsTheSameMessageAgain()
    {
        var count = 0;
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref count) < 3 ? 500 : 204;
            return Task.CompletedTask;
        });
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 1)).Id;
        for (var attempt = 1; attempt < 3; attempt++)
        {
            var failed = await UntilAsync(engine, id, message => message.Attempts == attempt);
            Assert.Equal(
                (V1.WebhookState.Waiting, 500, "The receiver answered 500."), (failed.State, failed.StatusCode, failed.Error));
            engine.Time.Advance(failed.NextAttemptTime.ToDateTimeOffset() - engine.Time.GetUtcNow());
            await UntilReceivedAsync(engine, receiver, attempt + 1);
        }

        var delivered = await UntilAsync(engine, id, message => message.State == V1.WebhookState.Delivered);
        Assert.Equal((3, 204, ""), (delivered.Attempts, delivered.StatusCode, delivered.Error));
        Assert.Single(receiver.Requests.Select(request => (request.Headers["webhook-id"], request.Text)).Distinct());
        Assert.Equal(3, receiver.Requests.Select(request => request.Headers["webhook-timestamp"]).Distinct().Count());
        Assert.All(receiver.Requests, request => AssertSigned(engine, request));
    }

    [Fact]
    public async Task Receiver_Answers429WithRetryAfter_IsLeftAloneForSoLong()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "600";
            return Task.CompletedTask;
        });
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 1)).Id;

        var message = await UntilAsync(engine, id, message => message.Attempts == 1);
        Assert.InRange(
            message.NextAttemptTime.ToDateTimeOffset() - engine.Time.GetUtcNow(), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));
        engine.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Single(receiver.Requests);
        engine.Time.Advance(TimeSpan.FromMinutes(2));
        await UntilReceivedAsync(engine, receiver, 2);
    }

    [Fact]
    public async Task Receiver_Redirects_IsNotFollowed()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var elsewhere = await TestApi.StartAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = elsewhere.Address;
            return Task.CompletedTask;
        });
        await using var engine = await StartAsync(api, receiver, elsewhere);
        var id = (await SubmitAsync(engine, receiver, 1)).Id;

        var message = await UntilAsync(engine, id, message => message.Attempts == 1);
        Assert.Equal((307, "The receiver answered 307; redirects are not followed."), (message.StatusCode, message.Error));
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Receiver_Answers410_GivesUpUntilItIsResent()
    {
        var isGone = true;
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref isGone) ? 410 : 200;
            return Task.CompletedTask;
        });
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 1)).Id;
        var message = await UntilAsync(engine, id, message => message.State == V1.WebhookState.GivenUp);
        Assert.Equal((1, 410), (message.Attempts, message.StatusCode));

        Volatile.Write(ref isGone, false);
        var messages = engine.Get<WebhookMessages>();
        Assert.IsType<Refusal.NotFound>((await messages.ResendAsync(EngineHost.Bob, id, message.Id, None)).Refusal);
        Assert.IsType<Refusal.NotFound>((await messages.ResendAsync(EngineHost.Alice, id, $"msg_{id}_expired", None)).Refusal);
        var resent = await messages.ResendAsync(EngineHost.Alice, id, message.Id, None);
        Assert.Equal((V1.WebhookState.Waiting, 0), (resent.Value!.Message.State, resent.Value.Message.Attempts));
        await UntilAsync(engine, id, message => message.State == V1.WebhookState.Delivered);
        Assert.Single(receiver.Requests.Select(request => request.Headers["webhook-id"]).Distinct());
    }

    [Fact]
    public async Task Receiver_Hangs_DelaysNoOther()
    {
        var hanging = new TaskCompletionSource();
        await using var api = await TestApi.StartEchoAsync();
        await using var bad = await TestApi.StartAsync(_ => hanging.Task);
        await using var good = await TestApi.StartAsync();
        await using var engine = await StartAsync(api, bad, good);
        var ids = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            ids.Add((await SubmitAsync(engine, bad, 1)).Id);
        }

        await Eventually.BeTrueAsync(() => bad.Requests.Count == 8, "as many attempts as a receiver gets at a time");
        for (var i = 0; i < 20; i++)
        {
            var id = (await SubmitAsync(engine, good, 1, caller: i % 2 == 0 ? EngineHost.Alice : EngineHost.Bob)).Id;
            await UntilAsync(
                engine, id, message => message.State == V1.WebhookState.Delivered, i % 2 == 0 ? EngineHost.Alice : EngineHost.Bob);
        }

        Assert.Equal(8, bad.Requests.Count);
        engine.Time.Advance(TimeSpan.FromSeconds(15));
        await Eventually.BeTrueAsync(() => bad.Requests.Count == 16, "the next attempts");
        V1.WebhookMessage? late = null;
        await Eventually.BeTrueAsync(
            async () => (late = (await Task.WhenAll(ids.Select(async id => await ListAsync(engine, id)))).SelectMany(list => list)
                .FirstOrDefault(message => message.Attempts == 1)) is not null,
            "an attempt that is noted");
        Assert.Equal((0, "There was no answer within 15 s."), (late!.StatusCode, late.Error));
        hanging.SetResult();
    }

    [Fact]
    public async Task Receiver_AnswersWithoutEnd_IsDeliveredAllTheSame()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[64 * 1024], context.RequestAborted);
            }
        });
        await using var engine = await StartAsync(api, receiver);

        await UntilAsync(
            engine, (await SubmitAsync(engine, receiver, 1)).Id, message => message.State == V1.WebhookState.Delivered);
    }

    [Fact]
    public async Task Restart_MessageStillWaits_GoesOn()
    {
        var isDown = true;
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref isDown) ? 503 : 200;
            return Task.CompletedTask;
        });
        string id;
        DateTimeOffset next;
        await using (var engine = await StartAsync(api, receiver))
        {
            id = (await SubmitAsync(engine, receiver, 1)).Id;
            next = (await UntilAsync(engine, id, message => message.Attempts == 1)).NextAttemptTime.ToDateTimeOffset();
        }

        Volatile.Write(ref isDown, false);
        var time = new FakeTime();
        time.Advance(next - time.GetUtcNow());
        await using var again = await EngineHost.StartAsync(_directory, Options(api, [receiver]), time);
        var delivered = await UntilAsync(again, id, message => message.State == V1.WebhookState.Delivered);
        Assert.Equal(2, delivered.Attempts);
        Assert.All(receiver.Requests, request => AssertSigned(again, request));
    }

    [Fact]
    public async Task Delete_MessageStillWaits_IsDeliveredAllTheSame()
    {
        var isDown = true;
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref isDown) ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 1)).Id;
        await UntilAsync(engine, id, message => message.Attempts == 1);
        Assert.True((await engine.Deleter.DeleteAsync(EngineHost.Alice, id, None)).Succeeded);

        Volatile.Write(ref isDown, false);
        engine.Time.Advance(TimeSpan.FromSeconds(7));
        await UntilReceivedAsync(engine, receiver, 2);
        await Eventually.BeTrueAsync(
            async () => await engine.Store.Webhooks.CountWaitingMessagesAsync(null, 10, None) == 0, "nothing waits");
    }

    // A batch that is deleted while it runs is never done.
    [Fact]
    public async Task Delete_BatchStillRuns_TellsNobodyThatItIsDone()
    {
        var gate = new Gate();
        await using var api = await TestApi.StartAsync(gate.PassAsync);
        await using var receiver = await TestApi.StartAsync();
        await using var engine = await StartAsync(api, receiver);
        var id = (await SubmitAsync(engine, receiver, 2, ["done", "failed_first", "expired"])).Id;
        await gate.UntilEnteredAsync(2);
        Assert.True((await engine.Deleter.DeleteAsync(EngineHost.Alice, id, None)).Succeeded);
        gate.Open();
        await UntilAsync(
            engine, (await SubmitAsync(engine, receiver, 1)).Id, message => message.State == V1.WebhookState.Delivered);

        Assert.DoesNotContain(receiver.Requests, request => request.Text.Contains(id, StringComparison.Ordinal));
    }

    // Allowed by its name, but that is a name of this machine.
    [Fact]
    public async Task Receiver_NameThatResolvesToLoopback_IsNotConnectedTo()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync();
        var port = receiver.Url.Port;
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            EngineHost.Upstream(api.Url)(options);
            options.Webhooks.AllowedHosts.Add($"http://localhost:{port}");
        });
        var id = (await SubmitAsync(engine, new Uri($"http://localhost:{port}/"), 1)).Id;

        var message = await UntilAsync(engine, id, message => message.Attempts == 1);
        Assert.Contains("private address", message.Error, StringComparison.Ordinal);
        Assert.Contains("Batch:Webhooks:AllowPrivateAddresses", message.Error, StringComparison.Ordinal);
        Assert.Empty(receiver.Requests);
    }

    // As a rule the name has an IPv6 address too, at which nobody listens.
    [Fact]
    public async Task Receiver_NameOfSeveralAddresses_IsConnectedToByTheOneThatAnswers()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync();
        var port = receiver.Url.Port;
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            Options(api, [])(options);
            options.Webhooks.AllowedHosts.Add($"http://localhost:{port}");
        });

        var id = (await SubmitAsync(engine, new Uri($"http://localhost:{port}/"), 1)).Id;
        await UntilAsync(engine, id, message => message.State == V1.WebhookState.Delivered);
    }

    [Fact]
    public async Task Receiver_SpeaksNoHttp_IsTriedAgain()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = new RawUpstream(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync("SSH-2.0-OpenSSH_9.2\r\n");
        });
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            Options(api, [])(options);
            options.Webhooks.AllowedHosts.Add(receiver.Url.GetLeftPart(UriPartial.Authority));
        });

        var id = (await SubmitAsync(engine, receiver.Url, 1)).Id;
        var message = await UntilAsync(engine, id, message => message.Attempts == 1);
        Assert.Equal(
            (V1.WebhookState.Waiting, "The connection broke before there was an answer, or the answer is no HTTP."),
            (message.State, message.Error));
    }

    [Fact]
    public async Task Receiver_NotAllowedAnyMore_IsNotConnectedTo()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        string id;
        await using (var engine = await StartAsync(api, receiver))
        {
            id = (await SubmitAsync(engine, receiver, 1)).Id;
            await UntilAsync(engine, id, message => message.Attempts == 1);
        }

        var time = new FakeTime();
        time.Advance(TimeSpan.FromSeconds(10));
        await using var again = await EngineHost.StartAsync(_directory, EngineHost.Upstream(api.Url), time);
        var message = await UntilAsync(again, id, message => message.Attempts == 2);
        Assert.Contains("Batch:Webhooks:AllowedHosts", message.Error, StringComparison.Ordinal);
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task Store_FailsAfterTheReceiverHasAnswered_SendsNothingTwice()
    {
        await using var api = await TestApi.StartEchoAsync();
        EngineHost? started = null;
        await using var receiver = await TestApi.StartAsync(_ =>
        {
            started!.Store.WritesFail = true;
            return Task.CompletedTask;
        });
        await using var engine = started = await StartAsync(api, receiver);
        engine.ErrorsAreExpected = true;
        var id = (await SubmitAsync(engine, receiver, 1)).Id;
        await Eventually.BeTrueAsync(() => engine.Store.FailedWrites > 1, "refused changes");
        for (var i = 0; i < 20; i++)
        {
            engine.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Single(receiver.Requests);
        engine.Store.WritesFail = false;
        await engine.Time.DriveAsync(
            UntilAsync(engine, id, message => message.State == V1.WebhookState.Delivered), below: TimeSpan.FromSeconds(2));
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task Submit_TooManyMessagesWait_IsRefusedAndNamesTheLimit()
    {
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync(context =>
        {
            context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            return Task.CompletedTask;
        });
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            Options(api, [receiver])(options);
            options.Webhooks.WaitingPerOwner = 2;
        });
        for (var i = 0; i < 2; i++)
        {
            await UntilAsync(engine, (await SubmitAsync(engine, receiver, 1)).Id, message => message.Attempts == 1);
        }

        var refusal = (await TrySubmitAsync(engine, receiver.Url, 1, [], EngineHost.Alice)).Refusal;
        Assert.Equal("Batch:Webhooks:WaitingPerOwner", Assert.IsType<Refusal.Exhausted>(refusal).Limit);
        Assert.True((await TrySubmitAsync(engine, receiver.Url, 1, [], EngineHost.Bob)).Succeeded);
        await engine.SubmitAsync(EngineHost.Gets(1));
    }

    [Fact]
    public async Task Secret_OfEachOwner_IsItsOwnAndStays()
    {
        await using var api = await TestApi.StartEchoAsync();
        string first;
        await using (var engine = await StartAsync(api))
        {
            first = SecretOf(engine, EngineHost.Alice);
            Assert.NotEqual(first, SecretOf(engine, EngineHost.Bob));
            Assert.StartsWith("whsec_", first, StringComparison.Ordinal);
        }

        await using var again = await StartAsync(api);
        Assert.Equal(first, SecretOf(again, EngineHost.Alice));
    }

    [Fact]
    public async Task Secret_Configured_SignsForAllAndIsToldToNobody()
    {
        const string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        await using var api = await TestApi.StartEchoAsync();
        await using var receiver = await TestApi.StartAsync();
        await using var engine = await EngineHost.StartAsync(_directory, options =>
        {
            Options(api, [receiver])(options);
            options.Webhooks.Secret = $"{SigningSecret.ToText(new byte[32])} {secret}";
        });
        Assert.IsType<Refusal.NotThere>(engine.Get<WebhookMessages>().GetSecret(EngineHost.Alice).Refusal);
        await UntilAsync(
            engine, (await SubmitAsync(engine, receiver, 1)).Id, message => message.State == V1.WebhookState.Delivered);

        var request = Assert.Single(receiver.Requests);
        AssertSigned(request, secret);
        AssertSigned(request, SigningSecret.ToText(new byte[32]));
    }

    private static Action<BatchEngineOptions> Options(TestApi api, TestApi[] receivers) => options =>
    {
        EngineHost.Upstream(api.Url)(options);
        options.Webhooks.AllowPrivateAddresses = true;
        foreach (var receiver in receivers)
        {
            options.Webhooks.AllowedHosts.Add(receiver.Address);
        }
    };

    private static async Task<Batch> SubmitAsync(
        EngineHost engine, TestApi receiver, int count, string[]? events = null, Caller? caller = null) =>
        await SubmitAsync(engine, new Uri(receiver.Url, "/hook?batch=1"), count, events, caller);

    private static async Task<Batch> SubmitAsync(
        EngineHost engine, Uri url, int count, string[]? events = null, Caller? caller = null)
    {
        var answer = await TrySubmitAsync(engine, url, count, events ?? [], caller ?? EngineHost.Alice);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value;
    }

    private static async Task<Outcome<Batch>> TrySubmitAsync(
        EngineHost engine, Uri url, int count, string[] events, Caller caller) => await engine.Submitter.SubmitAsync(
        caller,
        new SubmissionTerms { Notify = new Notify { Url = url.AbsoluteUri, Events = { events } } },
        EngineHost.Gets(count),
        [],
        long.MaxValue,
        None);

    private static async Task<IReadOnlyList<V1.WebhookMessage>> ListAsync(EngineHost engine, string id, Caller? caller = null)
    {
        var answer = await engine.Get<WebhookMessages>().ListAsync(caller ?? EngineHost.Alice, id, None);
        Assert.True(answer.Succeeded, answer.Refusal?.Message);
        return answer.Value.Messages;
    }

    private static async Task<V1.WebhookMessage> UntilAsync(
        EngineHost engine, string id, Func<V1.WebhookMessage, bool> isSo, Caller? caller = null)
    {
        V1.WebhookMessage? found = null;
        await Eventually.BeTrueAsync(
            async () => (found = (await ListAsync(engine, id, caller)).FirstOrDefault(isSo)) is not null,
            $"the message of batch {id}");
        return found!;
    }

    // Whoever sets a timer a moment after the clock was moved waits from then on.
    private static async Task UntilReceivedAsync(EngineHost engine, TestApi receiver, int count)
    {
        var polls = 0;
        await Eventually.BeTrueAsync(
            () =>
            {
                if (++polls % 200 == 0)
                {
                    engine.Time.Advance(TimeSpan.FromSeconds(1));
                }

                return receiver.Requests.Count >= count;
            },
            $"message {count}");
    }

    private static string SecretOf(EngineHost engine, Caller caller) =>
        engine.Get<WebhookMessages>().GetSecret(caller).Value!.Secret;

    private static void AssertSigned(EngineHost engine, RecordedRequest request) =>
        AssertSigned(request, SecretOf(engine, EngineHost.Alice));

    private static void AssertSigned(RecordedRequest request, string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var signed = $"{request.Headers["webhook-id"]}.{request.Headers["webhook-timestamp"]}.{request.Text}";
        Assert.Contains(
            $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)))}",
            request.Headers["webhook-signature"].Split(' '));
    }

    private Task<EngineHost> StartAsync(TestApi api, params TestApi[] receivers) =>
        EngineHost.StartAsync(_directory, Options(api, receivers));
}
