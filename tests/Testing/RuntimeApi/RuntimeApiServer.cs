using System.Threading.Channels;
using Relaybox.Testing.Http;

namespace Relaybox.Testing.RuntimeApi;

/// <summary>Lambda's side of the Runtime API: hands out queued events, and collects what is posted.</summary>
public sealed class RuntimeApiServer : IAsyncDisposable
{
    private readonly Channel<HttpAnswer> _events = Channel.CreateUnbounded<HttpAnswer>();
    private readonly Channel<HttpExchange> _posts = Channel.CreateUnbounded<HttpExchange>();
    private readonly ScriptedServer _server;

    public RuntimeApiServer() => _server = new ScriptedServer(AnswerAsync);

    /// <summary>What is answered to a post; 202 unless a test says otherwise.</summary>
    public Func<HttpExchange, HttpAnswer> OnPost { get; set; } = _ => HttpAnswer.Json(202, """{"status":"OK"}""");

    public string Authority => _server.Authority;

    public IReadOnlyList<HttpExchange> Requests => _server.Requests;

    public void Enqueue(string requestId, byte[] payload, params (string Name, string Value)[] headers) =>
        Enqueue(new HttpAnswer(200, payload,
        [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", requestId),
            .. headers,
        ]));

    public void Enqueue(HttpAnswer answer) => _events.Writer.TryWrite(answer);

    public async Task<HttpExchange> PostAsync() =>
        await _posts.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<HttpAnswer> AnswerAsync(HttpExchange request, CancellationToken cancellationToken)
    {
        if (request.Method == "GET")
        {
            return await _events.Reader.ReadAsync(cancellationToken);
        }

        var answer = OnPost(request);
        await _posts.Writer.WriteAsync(request, cancellationToken);
        return answer;
    }
}
