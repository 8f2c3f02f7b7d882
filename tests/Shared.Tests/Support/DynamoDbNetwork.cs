using System.Net;
using System.Text;
using Amazon.DynamoDBv2;
using Amazon.Runtime;

namespace Relaybox.Shared.Tests.Support;

/// <summary>Stands between a DynamoDB client and the server, so that a test can lose, replace or replay answers.</summary>
public sealed class DynamoDbNetwork : DelegatingHandler
{
    /// <summary>Answers one call. The first argument is the operation's name; the last sends the call to the server.</summary>
    public delegate Task<HttpResponseMessage> Answer(string operation, string request, Func<Task<HttpResponseMessage>> send);

    private readonly Lock _gate = new();
    private readonly List<string> _calls = [];

    public DynamoDbNetwork()
        : base(new SocketsHttpHandler())
    {
    }

    /// <summary>What happens to each call; null: nothing out of the ordinary.</summary>
    public Answer? OnCall { get; set; }

    /// <summary>Gets a copy of each call, which can be sent later.</summary>
    public Action<HttpRequestMessage>? OnRequest { get; set; }

    /// <summary>The names of the operations that were called, in order.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Puts this handler into a client's configuration.</summary>
    public void Into(AmazonDynamoDBConfig configuration) => configuration.HttpClientFactory = new Factory(this);

    /// <summary>The answer of a server that failed: the client cannot know whether the call was applied.</summary>
    public static HttpResponseMessage ServerError() =>
        Error(HttpStatusCode.InternalServerError, "com.amazonaws.dynamodb.v20120810#InternalServerError");

    /// <summary>An error as the service words it.</summary>
    public static HttpResponseMessage Error(HttpStatusCode status, string type) => new(status)
    {
        Content = new StringContent($$"""{"__type":"{{type}}","message":"made by a test"}""", Encoding.UTF8, "application/x-amz-json-1.0"),
    };

    /// <summary>Applies the next call of an operation and loses its answer, once.</summary>
    public void LoseAnswerOnce(string operation)
    {
        var lost = 0;
        OnCall = async (name, _, send) =>
        {
            var answer = await send();
            if (name != operation || Interlocked.Exchange(ref lost, 1) == 1)
            {
                return answer;
            }

            answer.Dispose();
            return ServerError();
        };
    }

    /// <summary>Sends a call that was held up on its way, and says how the server answers.</summary>
    public async Task<HttpStatusCode> SendLateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var answer = await base.SendAsync(request, cancellationToken);
        return answer.StatusCode;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var operation = request.Headers.GetValues("X-Amz-Target").Single().Split('.')[1];
        lock (_gate)
        {
            _calls.Add(operation);
        }

        if (OnRequest is { } copied)
        {
            copied(await CopyAsync(request, cancellationToken));
        }

        if (OnCall is not { } answer)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        return await answer(operation, body, () => base.SendAsync(request, cancellationToken));
    }

    private static async Task<HttpRequestMessage> CopyAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var copy = new HttpRequestMessage(request.Method, request.RequestUri)
        {
            Content = new ByteArrayContent(await request.Content!.ReadAsByteArrayAsync(cancellationToken)),
        };
        foreach (var (name, values) in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(name, values);
        }

        copy.Content.Headers.ContentType = request.Content.Headers.ContentType;
        return copy;
    }

    private sealed class Factory(DynamoDbNetwork handler) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(handler, disposeHandler: false);

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
