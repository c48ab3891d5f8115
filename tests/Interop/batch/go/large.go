package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	pb "batchgateway/batchv1"

	"google.golang.org/protobuf/proto"
)

// fits is the largest message that the gateway sends.
const fits = 4161536

// expected is a body of the API: its size and its SHA-256.
type expected struct {
	size   int64
	sha256 string
}

func parseExpected(texts []string) (bodies []expected) {
	for _, text := range texts {
		parts := strings.Split(text, ":")
		size, err := strconv.ParseInt(parts[0], 10, 64)
		succeed(err)
		bodies = append(bodies, expected{size, parts[1]})
	}
	return
}

func (e expected) matches(body []byte) {
	equal(expected{int64(len(body)), fmt.Sprintf("%x", sha256.Sum256(body))}, e)
}

// pages gives all results by unary calls, each behind the position of the one before.
func (c client) pages(id string) (results []*pb.Request) {
	for {
		reply, err := c.FetchBatch(
			c.context(patience), &pb.FetchBatchRequest{BatchId: id, After: proto.Int64(int64(len(results)))})
		succeed(err)
		if len(reply.Batch.Requests) == 0 {
			return
		}
		results = append(results, reply.Batch.Requests...)
		equal(reply.Position, int64(len(results)))
	}
}

// assertWhole checks that every body came whole: with its result if it fits into a message, else by a call of its own.
func (c client) assertWhole(id string, results []*pb.Request, bodies []expected) {
	equal(len(results), len(bodies))
	byIndex(results)
	for i, request := range results {
		response, size := request.Response, bodies[i].size
		equal(int(request.GetIndex()), i)
		equal(response.StatusCode, int32(200))
		equal(response.Size, size)
		equal(response.BodyOmitted, size > fits)
		body := response.Body
		if response.BodyOmitted {
			equal(len(body), 0)
			body = c.readBody(id, request.Id, 0)
		}
		bodies[i].matches(body)
	}
}

// firstChunk begins to read a body, and breaks off once something has arrived.
func (c client) firstChunk(batchId, requestId string) []byte {
	ctx, cancel := context.WithCancel(c.context(patience))
	defer cancel()
	stream, err := c.ReadBody(ctx, &pb.ReadBodyRequest{BatchId: batchId, RequestId: requestId})
	succeed(err)
	part, err := stream.Recv()
	if err == io.EOF {
		return nil
	}
	succeed(err)
	return part.Chunk
}

func byIndex(results []*pb.Request) {
	sort.Slice(results, func(a, b int) bool { return results[a].GetIndex() < results[b].GetIndex() })
}

// largeSteps are about results and submissions that are larger than the messages a client takes by default. The API
// answers with the bodies at bodies/0, bodies/1 …
func largeSteps(bodies []expected) []step {
	me, submitter := newClient("large"), newClient("large-submitter")
	var batch *pb.Batch
	return []step{
		{"pages give every byte", func() {
			all := []*pb.Request{}
			for i := range bodies {
				all = append(all, &pb.Request{Path: fmt.Sprintf("bodies/%d", i)})
			}
			batch = me.create(all)
			me.waitUntilDone(batch.Id)
			me.assertWhole(batch.Id, me.pages(batch.Id), bodies)
		}},
		{"a stream gives every byte", func() {
			results, _, end := me.results(batch.Id, proto.Int64(0))
			equal(end.GetRunningRequests(), int64(0))
			require(end != nil, "the stream has no end")
			me.assertWhole(batch.Id, results, bodies)
		}},
		{"a body that was cut goes on behind what has arrived", func() {
			for i, request := range batch.Requests {
				body := me.firstChunk(batch.Id, request.Id)
				require(len(body) == 1<<20 || int64(len(body)) == bodies[i].size, len(body))
				bodies[i].matches(append(body, me.readBody(batch.Id, request.Id, int64(len(body)))...))
			}
		}},
		{"a batch whose echo is too large is submitted once", func() {
			all := []*pb.Request{}
			for i := 0; i < 550; i++ {
				path := fmt.Sprintf("/%07d/", i)
				all = append(all, &pb.Request{Path: path + strings.Repeat("p", 7900-len(path))})
			}
			submitted := submitter.create(all)
			require(submitted.RequestsOmitted, "the requests came back")
			equal(len(submitted.Requests), 0)
			equal(submitted.TotalRequests, int64(550))
			ids, _ := submitter.list(0, "")
			equal(ids, []string{submitted.Id})
			submitter.waitUntilDone(submitted.Id)
			results := submitter.pages(submitted.Id)
			equal(len(results), len(all))
			byIndex(results)
			for i, request := range results {
				equal(request.Path, all[i].Path)
				equal(request.Response.StatusCode, int32(200))
			}
		}},
	}
}
