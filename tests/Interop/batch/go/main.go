// The gateway over gRPC from Go: client URL, or client URL SIZE:SHA-256 …, the large bodies that the API answers with.
// Built by GoClient.cs with what Debian packages.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"time"

	pb "batchgateway/batchv1"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const patience = time.Minute

// client makes the calls of one credential.
type client struct {
	pb.BatchServiceClient
	keyed         pb.KeyedBatchServiceClient
	authorization string
}

type step struct {
	name string
	run  func()
}

var connection *grpc.ClientConn

func main() {
	connection = connect(os.Args[1])
	steps := append(batchSteps(), callSteps()...)
	if bodies := parseExpected(os.Args[2:]); len(bodies) > 0 {
		steps = largeSteps(bodies)
	}
	for _, step := range steps {
		step.run()
		fmt.Println("ok", step.name)
	}
	fmt.Printf("all %d steps ok\n", len(steps))
}

// connect makes a connection, in cleartext or over TLS as the address says.
func connect(address string, options ...grpc.DialOption) *grpc.ClientConn {
	parsed, err := url.Parse(address)
	succeed(err)
	security := grpc.WithInsecure()
	if parsed.Scheme == "https" {
		tls, err := credentials.NewClientTLSFromFile(os.Getenv("INTEROP_ROOT"), "")
		succeed(err)
		security = grpc.WithTransportCredentials(tls)
	}
	connection, err := grpc.Dial(parsed.Host, append(options, security)...)
	succeed(err)
	return connection
}

// newClient has a credential that no run before used.
func newClient(name string) client {
	authorization := fmt.Sprintf("Bearer go-%s-%d-%d", name, os.Getpid(), time.Now().UnixNano())
	return client{pb.NewBatchServiceClient(connection), pb.NewKeyedBatchServiceClient(connection), authorization}
}

// context carries the credential and a deadline.
func (c client) context(timeout time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	// The deadline itself ends the call; this only lets go of what is over.
	time.AfterFunc(timeout+patience, cancel)
	return metadata.AppendToOutgoingContext(ctx, "authorization", c.authorization)
}

func (c client) create(requests []*pb.Request, options ...grpc.CallOption) *pb.Batch {
	reply, err := c.CreateBatch(c.context(patience), &pb.CreateBatchRequest{Requests: requests}, options...)
	succeed(err)
	return reply.Batch
}

func (c client) status(id string) *pb.Batch {
	reply, err := c.GetBatchStatus(c.context(patience), &pb.GetBatchStatusRequest{BatchId: id})
	succeed(err)
	return reply.Batch
}

func (c client) list(limit int32, token string) ([]string, string) {
	reply, err := c.ListBatches(c.context(patience), &pb.ListBatchesRequest{Limit: limit, PageToken: token})
	succeed(err)
	ids := []string{}
	for _, batch := range reply.Batches {
		ids = append(ids, batch.Id)
	}
	return ids, reply.NextPageToken
}

// until asks again and again until the answer is there.
func until(what string, ask func() bool) {
	for deadline := time.Now().Add(patience); !ask(); time.Sleep(20 * time.Millisecond) {
		require(time.Now().Before(deadline), "gave up waiting until "+what)
	}
}

func require(holds bool, what interface{}) {
	if !holds {
		panic(fmt.Sprint(what))
	}
}

func equal(actual, expected interface{}) {
	if !reflect.DeepEqual(actual, expected) {
		panic(fmt.Sprintf("%v instead of %v", actual, expected))
	}
}

func succeed(err error) {
	if err != nil {
		panic(err)
	}
}

// fail checks the code of an error and gives its details.
func fail(code codes.Code, err error) []interface{} {
	problem := status.Convert(err)
	if problem.Code() != code {
		panic(fmt.Sprintf("%v instead of %v", err, code))
	}
	return problem.Details()
}

// notFound checks that an error names what is not there.
func notFound(kind, name string, err error) {
	details := fail(codes.NotFound, err)
	equal(len(details), 1)
	resource := details[0].(*errdetails.ResourceInfo)
	equal([]string{resource.ResourceType, resource.ResourceName}, []string{kind, name})
}

// invalid checks that an error names the fields that are wrong.
func invalid(err error, fields ...string) {
	details := fail(codes.InvalidArgument, err)
	equal(len(details), 1)
	named := []string{}
	for _, violation := range details[0].(*errdetails.BadRequest).FieldViolations {
		named = append(named, violation.Field)
	}
	equal(named, fields)
}
