// Without a Runtime API it says hello; with one it asks for an event, and does nothing with it.
if (Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API") is not { } api)
{
    Console.WriteLine("hello");
    return;
}

using var http = new HttpClient();
await http.GetStringAsync(new Uri($"http://{api}/2018-06-01/runtime/invocation/next"));
