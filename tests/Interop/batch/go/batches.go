package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	pb "batchgateway/batchv1"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// call is one of a batch, and what has to come back.
type call struct {
	request *pb.Request
	status  int32
	check   func(body []byte) bool
}

func params(values map[string]interface{}) *structpb.Struct {
	params, err := structpb.NewStruct(values)
	succeed(err)
	return params
}

func parse(body []byte) map[string]interface{} {
	object := map[string]interface{}{}
	succeed(json.Unmarshal(body, &object))
	return object
}

func requests(path string, count int) (all []*pb.Request) {
	for i := 0; i < count; i++ {
		all = append(all, &pb.Request{Path: path})
	}
	return
}

func mixedCalls() []call {
	return []call{
		{&pb.Request{Path: "sample/items", Params: params(map[string]interface{}{"limit": 3, "sort": "-id"})}, 200,
			func(body []byte) bool { return len(parse(body)["items"].([]interface{})) == 3 }},
		{&pb.Request{Path: "/sample/numbers"}, 200,
			func(body []byte) bool { return string(body) == `{"n": 12345678901234567890, "d": 1.10}` }},
		{&pb.Request{Path: "sample/image.png"}, 200,
			func(body []byte) bool { return bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")) }},
		{&pb.Request{Path: "sample/text"}, 200, func(body []byte) bool { return strings.Contains(string(body), "日本語") }},
		{&pb.Request{Path: "sample/empty"}, 204, func(body []byte) bool { return len(body) == 0 }},
		{&pb.Request{Path: "sample/items/0"}, 404, func(body []byte) bool { return parse(body)["status"] == 404.0 }},
		{&pb.Request{Path: "sample/fail?status=500"}, 500, func(body []byte) bool { return parse(body)["status"] == 500.0 }},
		{&pb.Request{Path: "sample/slow?ms=300"}, 200, func(body []byte) bool { return parse(body)["message"] == "At last" }},
		{&pb.Request{Path: "sample/items", Method: "post", Body: []byte(`{"name": "from a batch"}`)}, 201,
			func(body []byte) bool { return parse(body)["name"] == "from a batch" }},
		{&pb.Request{Path: "sample/echo", Method: "PATCH", Headers: map[string]string{"X-Trace": "abc"}}, 200,
			func(body []byte) bool { return parse(body)["headers"].(map[string]interface{})["x-trace"] == "abc" }},
	}
}

// results reads a stream to its end: the results, and the record that ends them.
func (c client) results(id string, after *int64) (results []*pb.Request, positions []int64, end *pb.EndOfResults) {
	stream, err := c.FetchResults(c.context(patience), &pb.FetchResultsRequest{BatchId: id, After: after})
	succeed(err)
	for {
		record, err := stream.Recv()
		if err == io.EOF {
			return
		}
		succeed(err)
		require(end == nil, "nothing follows the end")
		if end = record.GetEnd(); end == nil {
			results = append(results, record.GetRequest())
			positions = append(positions, record.Position)
		}
	}
}

func (c client) waitUntilDone(id string) {
	until("the batch is done", func() bool { return c.status(id).State == pb.BatchState_BATCH_STATE_DONE })
}

func batchSteps() []step {
	me, reader, somebodyElse := newClient("me"), newClient("reader"), newClient("somebody-else")
	calls := mixedCalls()
	var mixed, cut, cancelled *pb.Batch
	return []step{
		{"submit a mixed batch", func() {
			all := []*pb.Request{}
			for _, call := range calls {
				all = append(all, call.request)
			}
			mixed = me.create(all)
			equal(mixed.TotalRequests, int64(len(calls)))
			for i, request := range mixed.Requests {
				equal(request.Path, calls[i].request.Path)
				equal(request.SpawnedBy, mixed.Id)
			}
		}},
		{"poll its status", func() {
			me.waitUntilDone(mixed.Id)
			reply, err := me.GetBatchStatus(me.context(patience), &pb.GetBatchStatusRequest{BatchId: mixed.Id, Detailed: true})
			succeed(err)
			equal(reply.Batch.FailedRequests, int64(2))
			for i, request := range reply.Batch.Requests {
				equal(request.Response.StatusCode, calls[i].status)
			}
		}},
		{"fetch its pages until nothing is left", func() {
			seen := map[string]*pb.Response{}
			until("every result is fetched", func() bool {
				reply, err := me.FetchBatch(me.context(patience), &pb.FetchBatchRequest{BatchId: mixed.Id})
				succeed(err)
				for _, request := range reply.Batch.Requests {
					require(seen[request.Id] == nil, request.Path+" came twice")
					seen[request.Id] = request.Response
				}
				return len(reply.Batch.Requests) == 0
			})
			for i, request := range mixed.Requests {
				equal(seen[request.Id].StatusCode, calls[i].status)
				require(calls[i].check(seen[request.Id].Body), request.Path)
			}
		}},
		{"fetch pages behind a position", func() {
			id := reader.create(requests("sample/bytes?size=1500000", 3)).Id
			reader.waitUntilDone(id)
			for after := int64(0); after <= 3; after++ {
				reply, err := reader.FetchBatch(
					reader.context(patience), &pb.FetchBatchRequest{BatchId: id, After: proto.Int64(after)})
				succeed(err)
				if after == 3 {
					equal(len(reply.Batch.Requests), 0)
					continue
				}
				equal(reply.Position, after+1)
				equal(len(reply.Batch.Requests), 1)
				equal(len(reply.Batch.Requests[0].Response.Body), 1500000)
			}
		}},
		{"cut a stream of results and go on", func() {
			cut = me.create(append(requests("sample/items/1", 11), &pb.Request{Path: "sample/slow?ms=1000"}))
			ctx, cancel := context.WithCancel(me.context(patience))
			stream, err := me.FetchResults(ctx, &pb.FetchResultsRequest{BatchId: cut.Id})
			succeed(err)
			for i := int64(1); i <= 3; i++ {
				record, err := stream.Recv()
				succeed(err)
				equal(record.Position, i)
			}
			cancel()
			for err == nil {
				_, err = stream.Recv()
			}
			fail(codes.Canceled, err)
			require(me.status(cut.Id).RunningRequests > 0, "the stream waited for the slow call")
			_, positions, end := me.results(cut.Id, proto.Int64(3))
			equal(positions, []int64{4, 5, 6, 7, 8, 9, 10, 11, 12})
			equal(end.RunningRequests, int64(0))
		}},
		{"cancel a batch", func() {
			cancelled = me.create(requests("sample/slow?ms=60000", 20))
			_, err := me.CancelBatch(me.context(patience), &pb.CancelBatchRequest{BatchId: cancelled.Id})
			succeed(err)
			results, _, _ := me.results(cancelled.Id, nil)
			equal(len(results), 20)
			for _, result := range results {
				equal(result.Response.StatusCode, int32(499))
				equal(result.Response.Error.Code, int32(codes.Canceled))
			}
			equal(me.status(cancelled.Id).State, pb.BatchState_BATCH_STATE_CANCELLED)
		}},
		{"list the batches, newest first, in pages", func() {
			ids, token := me.list(2, "")
			equal(ids, []string{cancelled.Id, cut.Id})
			ids, token = me.list(2, token)
			equal(ids, []string{mixed.Id})
			equal(token, "")
		}},
		{"somebody else finds none of it", func() {
			ids, _ := somebodyElse.list(0, "")
			equal(ids, []string{})
			_, err := somebodyElse.GetBatchStatus(somebodyElse.context(patience), &pb.GetBatchStatusRequest{BatchId: mixed.Id})
			notFound("batch", mixed.Id, err)
			_, err = somebodyElse.DeleteBatch(somebodyElse.context(patience), &pb.DeleteBatchRequest{BatchId: mixed.Id})
			notFound("batch", mixed.Id, err)
			stream, err := somebodyElse.FetchResults(somebodyElse.context(patience), &pb.FetchResultsRequest{BatchId: mixed.Id})
			succeed(err)
			_, err = stream.Recv()
			notFound("batch", mixed.Id, err)
		}},
		{"delete a batch", func() {
			_, err := me.DeleteBatch(me.context(patience), &pb.DeleteBatchRequest{BatchId: mixed.Id})
			succeed(err)
			_, err = me.GetBatchStatus(me.context(patience), &pb.GetBatchStatusRequest{BatchId: mixed.Id})
			notFound("batch", mixed.Id, err)
		}},
		{"what is bad is refused with every problem named", func() {
			bad := []*pb.Request{{Path: "sample/items"}, {Path: "http://elsewhere.example/"}, {Path: "sample/items", Method: "STEAL"}}
			_, err := me.CreateBatch(me.context(patience), &pb.CreateBatchRequest{Requests: bad})
			invalid(err, "requests[1].path", "requests[2].method")
			_, err = me.CreateBatch(me.context(patience), &pb.CreateBatchRequest{})
			invalid(err, "requests")
			const id = "1000000000000000"
			_, err = me.FetchBatch(me.context(patience), &pb.FetchBatchRequest{BatchId: cut.Id, RequestIds: []string{id}})
			notFound("request", id, err)
		}},
	}
}
