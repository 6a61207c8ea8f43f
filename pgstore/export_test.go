package pgstore

// OpenTraced is Open with a tracer on the connections, except those of Watch.
var OpenTraced = open
