// Submits a batch over gRPC and reads its results, however often it is cut: go run . [localhost:8080]
package main

import (
	pb "batchgateway/batchv1"
	"context"
	"fmt"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"log"
	"os"
	"strings"
	"time"
)

func main() {
	connection, _ := grpc.Dial(append(os.Args[1:], "localhost:8080")[0], grpc.WithInsecure())
	batches, ctx := pb.NewBatchServiceClient(connection), context.Background()
	reply, err := batches.CreateBatch(ctx, &pb.CreateBatchRequest{Requests: []*pb.Request{
		{Path: "sample/items?limit=2"}, {Path: "sample/image.png"}, {Path: "sample/slow?ms=500"}}})
	if err != nil {
		log.Fatal("refused: ", err, status.Convert(err).Details())
	}
	fmt.Println("batch", reply.Batch.Id)
	for after, running := int64(0), true; running; time.Sleep(time.Second) {
		stream, err := batches.FetchResults(ctx, &pb.FetchResultsRequest{BatchId: reply.Batch.Id, After: &after})
		for record := (*pb.FetchResultsResponse)(nil); err == nil; {
			if record, err = stream.Recv(); record.GetRequest() != nil {
				fmt.Printf("result %d: status %d\n", record.Position, record.GetRequest().Response.StatusCode)
				after = record.Position
			}
			running = running && (record.GetEnd() == nil || record.GetEnd().RunningRequests > 0)
		}
		if final := "InvalidArgument NotFound Aborted Unauthenticated"; strings.Contains(final, status.Code(err).String()) {
			log.Fatal(err)
		}
	}
	fmt.Println("done")
}
