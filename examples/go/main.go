// Submits a batch and streams its results: go run examples/go/main.go [http://localhost:8080]
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

const calls = `[{"path": "sample/items", "params": {"limit": 2}}, {"path": "sample/image.png"}, {"path": "sample/slow?ms=500"}]`

type record struct {
	Position, RunningRequests int
	End                       bool
	Request                   *struct{ ResponseStatusCode int }
}

func main() {
	url := append(os.Args[1:], "http://localhost:8080")[0] + "/api/v0/batch"
	reply, err := http.Post(url, "application/json", strings.NewReader(calls))
	if err != nil || reply.StatusCode != http.StatusOK {
		log.Fatal("not accepted: ", reply, err)
	}
	var accepted struct{ Batch struct{ Id string } }
	if err := json.NewDecoder(reply.Body).Decode(&accepted); err != nil {
		log.Fatal(err)
	}
	fmt.Println("batch", accepted.Batch.Id)

	// A stream may be cut at any time. It goes on behind the last result that is dealt with.
	for after, isDone := 0, false; !isDone; time.Sleep(time.Second) {
		stream, err := http.Get(fmt.Sprintf("%s/%s/results?after=%d", url, accepted.Batch.Id, after))
		if err != nil {
			continue
		}
		if stream.StatusCode >= 400 && stream.StatusCode < 500 {
			log.Fatal("refused: ", stream.Status)
		}
		lines := bufio.NewReader(stream.Body)
		for line, err := lines.ReadBytes('\n'); err == nil; line, err = lines.ReadBytes('\n') {
			var one record
			if err := json.Unmarshal(line, &one); err != nil {
				log.Fatal(err)
			}
			if one.Request != nil {
				fmt.Printf("result %d: status %d\n", one.Position, one.Request.ResponseStatusCode)
				after = one.Position
			}
			isDone = one.End && one.RunningRequests == 0
		}
		stream.Body.Close()
	}
	fmt.Println("done")
}
