package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	pb "batchgateway/batchv1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/stats"
)

// wire counts the bytes of the messages that are sent, as they are and as they travel.
type wire struct{ length, sent int64 }

func (*wire) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (*wire) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*wire) HandleConn(context.Context, stats.ConnStats)                       {}
func (w *wire) HandleRPC(_ context.Context, event stats.RPCStats) {
	if out, ok := event.(*stats.OutPayload); ok {
		atomic.AddInt64(&w.length, int64(out.Length))
		atomic.AddInt64(&w.sent, int64(out.WireLength))
	}
}

// echo submits one call that is echoed, and gives the echo.
func (c client) echo(request *pb.Request, options ...grpc.CallOption) map[string]interface{} {
	batch := c.create([]*pb.Request{request}, options...)
	fetch := &pb.FetchBatchRequest{BatchId: batch.Id, RequestIds: []string{batch.Requests[0].Id}}
	var response *pb.Response
	until("the echo is there", func() bool {
		reply, err := c.FetchBatch(c.context(patience), fetch)
		succeed(err)
		response = reply.Batch.Requests[0].Response
		return response != nil
	})
	equal(response.StatusCode, int32(200))
	// What is larger than a client accepts by default comes by a call of its own.
	equal(response.BodyOmitted, response.Size > 4<<20)
	body := response.Body
	if response.BodyOmitted {
		equal(len(body), 0)
		body = c.readBody(batch.Id, batch.Requests[0].Id, 0)
		half := response.Size / 2
		require(bytes.Equal(c.readBody(batch.Id, batch.Requests[0].Id, half), body[half:]), "the rest behind an offset is another")
	}
	equal(int64(len(body)), response.Size)
	return parse(body)
}

// readBody gives the body of a response from an offset on.
func (c client) readBody(batchId, requestId string, offset int64) (body []byte) {
	stream, err := c.ReadBody(c.context(patience), &pb.ReadBodyRequest{BatchId: batchId, RequestId: requestId, Offset: offset})
	succeed(err)
	for {
		part, err := stream.Recv()
		if err == io.EOF {
			return
		}
		succeed(err)
		body = append(body, part.Chunk...)
		require(len(part.Chunk) <= 1<<20 && int64(len(body)) <= part.Size-offset, len(part.Chunk))
	}
}

// upload sends messages; an error of the call itself comes with its end.
func (c client) upload(messages [][]*pb.Request, options ...grpc.CallOption) (*pb.UploadBatchResponse, error) {
	stream, err := c.UploadBatch(c.context(patience), options...)
	succeed(err)
	for _, requests := range messages {
		if stream.Send(&pb.UploadBatchRequest{Requests: requests}) != nil {
			break
		}
	}
	return stream.CloseAndRecv()
}

func (c client) run(timeout time.Duration, calls ...*pb.KeyedRequest) (*pb.RunBatchResponse, error) {
	return c.keyed.RunBatch(c.context(timeout), &pb.RunBatchRequest{Calls: calls})
}

func callSteps() []step {
	me := newClient("calls")
	slow := &pb.Request{Path: "sample/slow?ms=30000"}
	large := strings.Repeat("large ", 1<<20)
	posted := &pb.Request{
		Path: "sample/echo", Method: "POST", Headers: map[string]string{"content-type": "text/plain"}, Body: []byte(large),
	}
	return []step{
		{"run a keyed batch", func() {
			numbers := &pb.Request{Path: "sample/numbers"}
			reply, err := me.run(patience,
				&pb.KeyedRequest{Key: "a", Request: numbers},
				&pb.KeyedRequest{Request: &pb.Request{Path: "sample/items/0"}},
				&pb.KeyedRequest{Key: "bad", Request: &pb.Request{Path: "sample/items", Method: "STEAL"}})
			succeed(err)
			for i, expected := range []struct {
				key    string
				status int32
			}{{"a", 200}, {"", 404}, {"bad", 400}} {
				equal(reply.Replies[i].Key, expected.key)
				equal(reply.Replies[i].Response.StatusCode, expected.status)
			}
			equal(string(reply.Replies[0].Response.Body), `{"n": 12345678901234567890, "d": 1.10}`)
			equal(reply.Replies[2].Response.Error.Code, int32(codes.InvalidArgument))
			twice := &pb.KeyedRequest{Key: "twice", Request: numbers}
			_, err = me.run(patience, twice, twice)
			invalid(err, "calls[1].key")
		}},
		{"a deadline passes", func() {
			_, err := me.run(300*time.Millisecond, &pb.KeyedRequest{Key: "slow", Request: slow})
			fail(codes.DeadlineExceeded, err)
			id := me.create([]*pb.Request{{Path: "sample/numbers"}, slow}).Id
			stream, err := me.FetchResults(me.context(time.Second), &pb.FetchResultsRequest{BatchId: id})
			succeed(err)
			record, err := stream.Recv()
			succeed(err)
			equal(record.Position, int64(1))
			_, err = stream.Recv()
			fail(codes.DeadlineExceeded, err)
			_, err = me.DeleteBatch(me.context(patience), &pb.DeleteBatchRequest{BatchId: id})
			succeed(err)
		}},
		{"upload a batch in several messages", func() {
			reply, err := me.upload([][]*pb.Request{
				requests("sample/echo?message=0", 500), requests("sample/echo?message=1", 500), {}, requests("sample/echo?message=2", 500),
			})
			succeed(err)
			equal(reply.Batch.TotalRequests, int64(1500))
			results, _, _ := me.results(reply.Batch.Id, nil)
			equal(len(results), 1500)
			for _, result := range results {
				equal(result.Path, "sample/echo?message="+string(rune('0'+result.GetIndex()/500)))
			}
		}},
		{"an upload that is empty or bad is refused", func() {
			for _, messages := range [][][]*pb.Request{{}, {{}}} {
				_, err := me.upload(messages)
				invalid(err, "requests")
			}
			bad := []*pb.Request{{Path: "sample/items"}, {Path: ""}}
			_, err := me.upload([][]*pb.Request{bad, bad})
			invalid(err, "requests[1].path", "requests[3].path")
		}},
		{"send and receive several MiB", func() {
			equal(me.echo(posted)["body"], large)
		}},
		{"send what is compressed", func() {
			counter := &wire{}
			compressing := me
			compressing.BatchServiceClient = pb.NewBatchServiceClient(connect(os.Args[1], grpc.WithStatsHandler(counter)))
			equal(compressing.echo(posted, grpc.UseCompressor(gzip.Name))["body"], large)
			reply, err := compressing.upload([][]*pb.Request{{posted}, {posted}}, grpc.UseCompressor(gzip.Name))
			succeed(err)
			equal(reply.Batch.TotalRequests, int64(2))
			require(counter.length > int64(3*len(large)) && counter.sent < counter.length/10, counter)
		}},
		{"the API gets the credential, and not what else the call carried", func() {
			headers := me.echo(&pb.Request{Path: "sample/echo", Headers: map[string]string{"x-trace": "abc"}})["headers"].(map[string]interface{})
			equal([]interface{}{headers["authorization"], headers["x-trace"]}, []interface{}{me.authorization, "abc"})
			for name := range headers {
				require(!strings.HasPrefix(name, "grpc-") && name != "te", name)
			}
		}},
		{"it is healthy", func() {
			client := health.NewHealthClient(connection)
			reply, err := client.Check(me.context(patience), &health.HealthCheckRequest{})
			succeed(err)
			equal(reply.Status, health.HealthCheckResponse_SERVING)
			_, err = client.Check(me.context(patience), &health.HealthCheckRequest{Service: "no.such.Service"})
			fail(codes.NotFound, err)
			watch, err := client.Watch(me.context(patience), &health.HealthCheckRequest{})
			succeed(err)
			reply, err = watch.Recv()
			succeed(err)
			equal(reply.Status, health.HealthCheckResponse_SERVING)
		}},
	}
}
