// Runs cases.json with grpc-go. Arguments: the server's address (host:port), a file with the descriptors, cases.json.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"reflect"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

type pair [2]string

type testCase struct {
	Name          string
	Service       string
	Method        string
	Requests      []json.RawMessage
	PayloadSize   int `json:"payload_size"`
	Metadata      []pair
	TimeoutMs     int `json:"timeout_ms"`
	CancelAfterMs int `json:"cancel_after_ms"`
	Compression   string
	Expect        struct {
		Code         string
		Message      *string
		Texts        *[]string
		Count        *int
		PayloadSize  *int `json:"payload_size"`
		ReceivedSize *int `json:"received_size"`
		Headers      []pair
		Trailers     []pair
		Reason       string
	}
}

// codec sends dynamic messages, which the codec of this old grpc-go does not know.
type codec struct{}

func (codec) Marshal(v interface{}) ([]byte, error)      { return proto.Marshal(v.(proto.Message)) }
func (codec) Unmarshal(data []byte, v interface{}) error { return proto.Unmarshal(data, v.(proto.Message)) }
func (codec) Name() string                               { return "proto" }

type outcome struct {
	responses         []*dynamicpb.Message
	headers, trailers metadata.MD
	err               error
}

var requestType, responseType protoreflect.MessageDescriptor

var codeNames = map[string]codes.Code{}

func main() {
	loadDescriptors(os.Args[2])
	for _, name := range strings.Fields("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS " +
		"PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE " +
		"DATA_LOSS UNAUTHENTICATED") {
		var code codes.Code
		if err := code.UnmarshalJSON([]byte(`"` + name + `"`)); err != nil {
			panic(err)
		}
		codeNames[name] = code
	}
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure())
	if err != nil {
		panic(err)
	}
	data, err := ioutil.ReadFile(os.Args[3])
	if err != nil {
		panic(err)
	}
	var cases []testCase
	if err := json.Unmarshal(data, &cases); err != nil {
		panic(err)
	}
	failed := false
	for _, test := range cases {
		if test.Compression == "deflate" {
			fmt.Printf("skipped %s: grpc-go has no deflate\n", test.Name)
			continue
		}
		if problem := check(test, run(connection, test)); problem != "" {
			failed = true
			fmt.Printf("not ok %s: %s\n", test.Name, problem)
		} else {
			fmt.Printf("ok %s\n", test.Name)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func loadDescriptors(path string) {
	data, err := ioutil.ReadFile(path)
	if err != nil {
		panic(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(data, set); err != nil {
		panic(err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		panic(err)
	}
	find := func(name protoreflect.FullName) protoreflect.MessageDescriptor {
		descriptor, err := files.FindDescriptorByName(name)
		if err != nil {
			panic(err)
		}
		return descriptor.(protoreflect.MessageDescriptor)
	}
	requestType = find("grpctest.v1.EchoRequest")
	responseType = find("grpctest.v1.EchoResponse")
}

func run(connection *grpc.ClientConn, test testCase) (result outcome) {
	ctx := context.Background()
	if test.TimeoutMs > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(test.TimeoutMs)*time.Millisecond)
		defer cancel()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if test.CancelAfterMs > 0 {
		time.AfterFunc(time.Duration(test.CancelAfterMs)*time.Millisecond, cancel)
	}
	for _, entry := range test.Metadata {
		value := entry[1]
		if strings.HasSuffix(entry[0], "-bin") {
			decoded, _ := base64.StdEncoding.DecodeString(value)
			value = string(decoded)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, entry[0], value)
	}
	requests := []*dynamicpb.Message{}
	for _, source := range test.Requests {
		request := dynamicpb.NewMessage(requestType)
		if err := (protojson.UnmarshalOptions{}).Unmarshal(source, request); err != nil {
			result.err = err
			return
		}
		requests = append(requests, request)
	}
	if test.PayloadSize > 0 {
		requests[0].Set(requestType.Fields().ByName("payload"), protoreflect.ValueOfBytes(make([]byte, test.PayloadSize)))
	}
	service := test.Service
	if service == "" {
		service = "grpctest.v1.EchoService"
	}
	path := "/" + service + "/" + test.Method
	options := []grpc.CallOption{grpc.ForceCodec(codec{}), grpc.Header(&result.headers), grpc.Trailer(&result.trailers)}
	if test.Compression == "gzip" {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	description := grpc.StreamDesc{
		ClientStreams: test.Method == "Collect" || test.Method == "Chat",
		ServerStreams: test.Method == "Expand" || test.Method == "Chat",
	}
	if !description.ClientStreams && !description.ServerStreams {
		response := dynamicpb.NewMessage(responseType)
		if result.err = connection.Invoke(ctx, path, requests[0], response, options...); result.err == nil {
			result.responses = append(result.responses, response)
		}
		return
	}

	stream, err := connection.NewStream(ctx, &description, path, options...)
	if err != nil {
		result.err = err
		return
	}
	for _, request := range requests {
		if err := stream.SendMsg(request); err != nil && err != io.EOF {
			result.err = err
			return
		}
	}
	_ = stream.CloseSend()
	for {
		response := dynamicpb.NewMessage(responseType)
		err := stream.RecvMsg(response)
		if err == io.EOF {
			return
		}
		if err != nil {
			result.err = err
			return
		}
		result.responses = append(result.responses, response)
		if !description.ServerStreams {
			return
		}
	}
}

func check(test testCase, result outcome) string {
	expected := test.Expect
	if expected.Code == "" {
		expected.Code = "OK"
	}
	problems := []string{}
	same := func(what string, actual, wanted interface{}) {
		if !reflect.DeepEqual(actual, wanted) {
			problems = append(problems, fmt.Sprintf("%s: %v instead of %v", what, actual, wanted))
		}
	}
	outcome := status.Convert(result.err)
	same("code", outcome.Code(), codeNames[expected.Code])
	if expected.Message != nil {
		same("message", outcome.Message(), *expected.Message)
	}
	field := func(response *dynamicpb.Message, name protoreflect.Name) protoreflect.Value {
		return response.Get(responseType.Fields().ByName(name))
	}
	texts, indexes := []string{}, []int64{}
	for _, response := range result.responses {
		texts = append(texts, field(response, "text").String())
		indexes = append(indexes, field(response, "index").Int())
		if expected.PayloadSize != nil {
			same("payload size", len(field(response, "payload").Bytes()), *expected.PayloadSize)
		}
		if expected.ReceivedSize != nil {
			same("received size", int(field(response, "received_size").Int()), *expected.ReceivedSize)
		}
	}
	if expected.Texts != nil {
		same("texts", texts, *expected.Texts)
	}
	if expected.Count != nil {
		wanted := []int64{}
		for i := 0; i < *expected.Count; i++ {
			wanted = append(wanted, int64(i))
		}
		same("indexes", indexes, wanted)
	}
	entries := func(what string, actual metadata.MD, wanted []pair) {
		for _, entry := range wanted {
			values := actual.Get(entry[0])
			if strings.HasSuffix(entry[0], "-bin") {
				for i := range values {
					values[i] = base64.StdEncoding.EncodeToString([]byte(values[i]))
				}
			}
			same(what+" "+entry[0], values, []string{entry[1]})
		}
	}
	entries("header", result.headers, expected.Headers)
	entries("trailer", result.trailers, expected.Trailers)
	if expected.Reason != "" {
		details := outcome.Proto().GetDetails()
		same("details", len(details), 1)
		if len(details) == 1 {
			same("reason in the details", bytes.Contains(details[0].GetValue(), []byte(expected.Reason)), true)
		}
	}
	return strings.Join(problems, "; ")
}
