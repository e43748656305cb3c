module stepwell.test/go-client

go 1.23

require github.com/upstash/workflow-go v0.0.0
