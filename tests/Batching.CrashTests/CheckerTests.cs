using Batching.CrashTests.Checking;
using Batching.CrashTests.History;
using Batching.CrashTests.Plan;
using Batching.CrashTests.Upstream;

namespace Batching.CrashTests;

/// <summary>The checker finds what is wrong with a history, one promise after the other.</summary>
public sealed class CheckerTests
{
    private const string BatchId = SoundHistory.BatchId;

    private readonly CrashHistory _history = SoundHistory.Create();

    [Fact]
    public void Check_SoundHistory_FindsNothing() => Assert.Empty(Checker.Check(_history));

    [Theory]
    [InlineData("b0r2", "b0r1", false)]
    [InlineData("b0r0", "b0r1", true)]
    [InlineData("b0r2", "b0r3", true)]
    [InlineData("b0r3", "b0r2", false)]
    public void Check_SentBeforeWhatItDependsOn_SentTooEarly(string token, string other, bool isTooEarly)
    {
        var plan = _history.Submissions[0].Plan;
        _history.Submissions[0] = _history.Submissions[0] with
        {
            Plan = plan with
            {
                Requests = [.. plan.Requests.Select(request => request.Token == token ? request with { DependsOn = [other] } : request)],
            },
        };

        if (isTooEarly)
        {
            Finds(ViolationKind.SentTooEarly);
        }
        else
        {
            Assert.Empty(Checker.Check(_history));
        }
    }

    [Fact]
    public void Check_ToldOnceOrAgain_FindsNothing()
    {
        Notify();
        Tell("batch.done", "m1", running: 0);
        Tell("batch.done", "m1", running: 0);

        Assert.Empty(Checker.Check(_history));
    }

    [Fact]
    public void Check_DoneAndNobodyWasTold_NotTold()
    {
        Notify();

        Finds(ViolationKind.NotTold);
    }

    [Theory]
    [InlineData("batch.done", 1, 6, 0)]
    [InlineData("batch.done", 0, 5, 0)]
    [InlineData("batch.done", 0, 6, 1)]
    [InlineData("batch.failed_first", 2, 6, 1)]
    [InlineData("batch.expired", 0, 6, 0)]
    public void Check_ToldWhatHasNotHappened_ToldWrongly(string name, long running, long total, long failed)
    {
        Notify();
        Tell("batch.done", "m1", running: 0);
        Tell(name, "m1", running, total, failed);

        Finds(ViolationKind.ToldWrongly);
    }

    [Fact]
    public void Check_TwoMessagesOfOneEvent_ToldWrongly()
    {
        Notify();
        Tell("batch.done", "m1", running: 0);
        Tell("batch.done", "m2", running: 0);

        Finds(ViolationKind.ToldWrongly);
    }

    [Fact]
    public void Check_ToldWithoutHavingAsked_ToldWrongly()
    {
        Tell("batch.done", "m1", running: 0);

        Finds(ViolationKind.ToldWrongly);
    }

    [Fact]
    public void Check_AppendedWithOtherIds_LostRequest()
    {
        _history.Submissions[0] = _history.Submissions[0] with
        {
            Plan = _history.Submissions[0].Plan with { OpenWith = 3 },
            RequestIds = ["11", "12", "13"],
        };
        _history.Appended.Add(new Appended(BatchId, ["14"]));
        Assert.Empty(Checker.Check(_history));
        _history.Appended[0] = new Appended(BatchId, ["99"]);

        Finds(ViolationKind.LostRequest);
    }

    [Fact]
    public void Check_AcknowledgedBatchGone_LostBatch()
    {
        _history.Finals.Clear();

        Finds(ViolationKind.LostBatch);
    }

    [Fact]
    public void Check_UnacknowledgedBatchGone_FindsNothing()
    {
        _history.Submissions[0] = _history.Submissions[0] with { BatchId = null, RequestIds = [] };
        _history.Finals.Clear();

        Assert.Empty(Checker.Check(_history));
    }

    [Fact]
    public void Check_UnacknowledgedBatchFoundWithoutAResult_LostRequest()
    {
        _history.Submissions[0] = _history.Submissions[0] with { BatchId = null, RequestIds = [] };
        SetFinal(
            SoundHistory.Results.Where(result => result.Token != "b0r1")
                .Select((result, index) => result with { Position = index + 1 }),
            total: 5);
        _history.Replies.Clear();
        _history.Views.Clear();
        _history.Drained.Clear();

        Finds(ViolationKind.LostRequest);
    }

    [Fact]
    public void Check_RequestStillRunningInTheEnd_LostRequest()
    {
        _history.Finals[0] = _history.Finals[0] with { Total = 7, Running = 1 };
        _history.Views.Clear();

        Finds(ViolationKind.LostRequest);
    }

    [Fact]
    public void Check_RequestHasAnotherId_LostRequest()
    {
        _history.Submissions[0] = _history.Submissions[0] with { RequestIds = ["11", "12", "99", "14"] };

        Finds(ViolationKind.LostRequest);
    }

    [Fact]
    public void Check_RequestAtTwoPositions_TwoResults()
    {
        SetFinal([.. SoundHistory.Results, SoundHistory.Results[0] with { Position = 7 }], total: 7);
        _history.Views.Clear();
        _history.Drained.Clear();

        Finds(ViolationKind.TwoResults);
    }

    [Fact]
    public void Check_DeletedBatchThere_NotDeleted()
    {
        _history.Stops.Add(new Stop(BatchId, Fate.Delete, IsAcknowledged: true));

        Finds(ViolationKind.NotDeleted);
    }

    [Theory]
    [InlineData(200, 10, "other")]
    [InlineData(200, 11, "hash-b0r0")]
    [InlineData(500, 10, "hash-b0r0")]
    public void Check_ResultTheUpstreamNeverGave_WrongBytes(int status, int size, string hash)
    {
        Replace(0, result => result with { Status = status, Size = size, Hash = hash });

        Finds(ViolationKind.WrongBytes);
    }

    [Fact]
    public void Check_ResultOfACutAnswer_WrongBytes()
    {
        _history.Answers[0] = _history.Answers[0] with { IsCut = true };

        Finds(ViolationKind.WrongBytes);
    }

    [Theory]
    [InlineData("UPSTREAM_RESET")]
    [InlineData("UPSTREAM_TIMEOUT")]
    [InlineData("CANCELLED")]
    public void Check_ErrorWithoutCause_UnexplainedError(string error)
    {
        Replace(0, result => result with { Status = 502, Error = error });

        Finds(ViolationKind.UnexplainedError);
    }

    [Fact]
    public void Check_ErrorsWithCauses_FindsNothing()
    {
        _history.Answers[0] = _history.Answers[0] with { IsCut = true };
        _history.Stops.Add(new Stop(BatchId, Fate.Cancel, IsAcknowledged: false));
        Replace(0, result => result with { Status = 502, Error = "UPSTREAM_RESET" });
        Replace(1, result => result with { Status = 502, Error = "INTERRUPTED" });
        Replace(2, result => result with { Status = 499, Error = "CANCELLED" });

        Assert.Empty(Checker.Check(_history));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Check_InterruptedThoughRepeatable_InterruptedNeedlessly(int index)
    {
        Replace(index, result => result with { Status = 502, Error = "INTERRUPTED" });

        Finds(ViolationKind.InterruptedNeedlessly);
    }

    [Fact]
    public void Check_InterruptedWithoutKill_InterruptedNeedlessly()
    {
        Replace(1, result => result with { Status = 502, Error = "INTERRUPTED" });
        _history.Kills[0] = SoundHistory.Begin.AddMinutes(1);

        Finds(ViolationKind.InterruptedNeedlessly);
    }

    [Fact]
    public void Check_UnsafeCallTwice_UnsafeCallTwice()
    {
        _history.Calls.Add(_history.Calls[1] with { Number = 9 });

        Finds(ViolationKind.UnsafeCallTwice);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("other")]
    public void Check_SentWithAnotherKey_KeyChanged(string? key)
    {
        _history.Calls[3] = _history.Calls[3] with { IdempotencyKey = key };

        Finds(ViolationKind.KeyChanged);
    }

    [Theory]
    [InlineData("PUT", "", SoundHistory.Credential)]
    [InlineData("GET", "body", SoundHistory.Credential)]
    [InlineData("GET", "", null)]
    [InlineData("GET", "", "Bearer two")]
    public void Check_SentAsSomethingElse_WrongCall(string method, string body, string? authorization)
    {
        _history.Calls[0] = _history.Calls[0] with { Method = method, Body = body, Authorization = authorization };

        Finds(ViolationKind.WrongCall);
    }

    [Fact]
    public void Check_FinalLogWithAGap_PositionGap()
    {
        SetFinal([.. SoundHistory.Results.Take(5), SoundHistory.Results[5] with { Position = 7 }], total: 6);
        _history.Replies[1] = _history.Replies[1] with { Results = [.. _history.Finals[0].Results.Skip(4).Take(1)] };
        _history.Drained.Clear();

        Finds(ViolationKind.PositionGap);
    }

    [Fact]
    public void Check_StreamDoesNotBeginBehindItsPosition_PositionGap()
    {
        _history.Replies.Add(new Reply(BatchId, ReplyForm.Stream, 1, true, 1, [.. SoundHistory.Results.Skip(2)]));

        Finds(ViolationKind.PositionGap);
    }

    [Fact]
    public void Check_PositionHadAnotherResult_ResultChanged()
    {
        // Of an answer that was given too, but lost with a kill: no position may change afterwards.
        _history.Answers.Add(new GivenAnswer(3, "b0r2", 200, 10, "first", IsCut: false));
        _history.Replies.Add(new Reply(
            BatchId, ReplyForm.Stream, 2, false, 0, [SoundHistory.Results[2] with { Hash = "first" }]));

        Finds(ViolationKind.ResultChanged);
    }

    [Fact]
    public void Check_NoCompleteReplyCarriedAResult_LostDelivery()
    {
        _history.Replies[1] = _history.Replies[1] with { IsComplete = false, Results = [] };

        Finds(ViolationKind.LostDelivery);
    }

    [Fact]
    public void Check_BrokenStreamCarriedAResult_LostDelivery()
    {
        _history.Replies[1] = _history.Replies[1] with { Form = ReplyForm.Stream, IsComplete = false };

        Finds(ViolationKind.LostDelivery);
    }

    [Fact]
    public void Check_PositionNamedByTheCaller_FindsNothing()
    {
        _history.Replies[1] = _history.Replies[1] with { Form = ReplyForm.Stream, IsComplete = false };
        _history.Replies.Add(new Reply(BatchId, ReplyForm.FetchAfter, 6, false, 1, []));

        Assert.Empty(Checker.Check(_history));
    }

    [Fact]
    public void Check_SameServerGivesAResultTwice_DeliveredTwice()
    {
        _history.Replies.Add(_history.Replies[1]);

        Finds(ViolationKind.DeliveredTwice);
    }

    [Fact]
    public void Check_OtherServerGivesAResultAgain_FindsNothing()
    {
        _history.Replies.Add(_history.Replies[1] with { Incarnation = 2 });

        Assert.Empty(Checker.Check(_history));
    }

    [Fact]
    public void Check_PageOfTwoResultsOver2MiB_PageTooLarge()
    {
        Replace(4, result => result with { Size = 2 * 1024 * 1024 });
        _history.Answers[4] = _history.Answers[4] with { Size = 2 * 1024 * 1024 };

        Finds(ViolationKind.PageTooLarge);
    }

    [Fact]
    public void Check_PageOfTwoResultsOver2MiBWithoutTheirBodies_FindsNothing()
    {
        Replace(4, result => result with { Size = 2 * 1024 * 1024, IsBodyOmitted = true });
        _history.Answers[4] = _history.Answers[4] with { Size = 2 * 1024 * 1024 };

        Assert.Empty(Checker.Check(_history));
    }

    [Fact]
    public void Check_BatchGrewWithNothingRunning_RunningZeroEarly()
    {
        _history.Views[0] = _history.Views[0] with { Running = 0 };

        Finds(ViolationKind.RunningZeroEarly);
    }

    [Fact]
    public void Check_FewerResultsThanBefore_CounterWentBack()
    {
        _history.Views.Insert(0, new View(BatchId, 6, 1, 1, 2));

        Finds(ViolationKind.CounterWentBack);
    }

    [Fact]
    public void Check_LastPageNotThere_PageMissing()
    {
        SetFinal(SoundHistory.Results.Take(5), total: 5);
        _history.Views.Clear();
        _history.Replies[1] = _history.Replies[1] with { Results = [SoundHistory.Results[4]] };

        Finds(ViolationKind.PageMissing);
    }

    [Fact]
    public void Check_PageFailed_NeedsNoNextOne()
    {
        _history.Answers[4] = _history.Answers[4] with { Status = 500 };
        SetFinal([.. SoundHistory.Results.Take(4), SoundHistory.Results[4] with { Status = 500 }], total: 5);
        _history.Views.Clear();
        _history.Replies[1] = _history.Replies[1] with { Results = [_history.Finals[0].Results[4]] };

        Assert.Empty(Checker.Check(_history));
    }

    [Fact]
    public void Check_PageThereTwice_PageTwice()
    {
        SetFinal(
            [.. SoundHistory.Results, SoundHistory.Results[5] with { RequestId = "17", Position = 7 }], total: 7);
        _history.Views.Clear();
        _history.Replies.Add(new Reply(BatchId, ReplyForm.FetchAfter, 6, true, 1, [_history.Finals[0].Results[6]]));

        Finds(ViolationKind.PageTwice);
    }

    [Fact]
    public void Check_StrangerGotAnAnswer_ForeignView()
    {
        _history.Probes.Add(new Probe(BatchId, 1, "something"));

        Finds(ViolationKind.ForeignView);
    }

    [Fact]
    public void Check_InTheListOfAStranger_ForeignView()
    {
        _history.Finals[0] = _history.Finals[0] with { Owner = 1 };

        Finds(ViolationKind.ForeignView);
    }

    [Fact]
    public void Check_KeyedReplyTheUpstreamNeverGave_WrongBytes()
    {
        _history.KeyedReplies.Add(new KeyedReply("k0r0", 200, null, "hash"));

        Finds(ViolationKind.WrongBytes);
    }

    [Fact]
    public void Check_KeyedUnsafeCallTwice_UnsafeCallTwice()
    {
        var call = SoundHistory.Plan.Requests[1] with { Token = "k0r0" };
        _history.KeyedCalls.Add(call);
        _history.Calls.Add(new ReceivedCall(7, "k0r0", "POST", null, SoundHistory.Credential, "", SoundHistory.Begin));
        _history.Calls.Add(new ReceivedCall(8, "k0r0", "POST", null, SoundHistory.Credential, "", SoundHistory.Begin));

        Finds(ViolationKind.UnsafeCallTwice);
    }

    [Fact]
    public void Check_LiveServerFailed_Surprise()
    {
        _history.Surprises.Add("an error");

        Finds(ViolationKind.Surprise);
    }

    private void Notify() =>
        _history.Submissions[0] = _history.Submissions[0] with { Plan = _history.Submissions[0].Plan with { Notifies = true } };

    private void Tell(string name, string id, long running, long total = 6, long failed = 0) =>
        _history.Told.Add(new Told(id, BatchId, name, total, running, failed));

    private void Finds(ViolationKind kind)
    {
        var violations = Checker.Check(_history);

        Assert.NotEmpty(violations);
        Assert.All(violations, violation => Assert.Equal(kind, violation.Kind));
    }

    private void SetFinal(IEnumerable<ResultSeen> results, int total) =>
        _history.Finals[0] = _history.Finals[0] with { Results = [.. results], Total = total };

    // In the final log and in the reply that carried it.
    private void Replace(int index, Func<ResultSeen, ResultSeen> change)
    {
        var position = index + 1;
        SetFinal(_history.Finals[0].Results.Select(Change), total: 6);
        for (var i = 0; i < _history.Replies.Count; i++)
        {
            var reply = _history.Replies[i];
            _history.Replies[i] = reply with { Results = [.. reply.Results.Select(Change)] };
        }

        ResultSeen Change(ResultSeen result) => result.Position == position ? change(result) : result;
    }
}
