using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Relaybox.Local.Lambda;

/// <summary>
/// The Lambda Runtime API on loopback. Every worker has a base path of its own, <c>/FUNCTION/WORKER</c>, which
/// AWS_LAMBDA_RUNTIME_API carries. See "Using the Lambda runtime API for custom runtimes" in AWS's developer guide.
/// </summary>
internal sealed class RuntimeApiServer : IAsyncDisposable
{
    private const string Prefix = "/{function}/{worker}/2018-06-01/runtime";
    private const long LargestBody = 16 * 1024 * 1024;

    private static readonly ReadOnlyMemory<byte> Accepted = """{"status":"OK"}"""u8.ToArray();

    private readonly WebApplication _application;
    private readonly CancellationTokenSource _stopping = new();

    private RuntimeApiServer(WebApplication application, int port)
    {
        _application = application;
        Port = port;
    }

    public int Port { get; }

    /// <param name="hosts">The functions by short name; may still grow after the start.</param>
    /// <param name="configure">More routes.</param>
    public static async Task<RuntimeApiServer> StartAsync(
        int port, IReadOnlyDictionary<string, FunctionHost> hosts, Action<IEndpointRouteBuilder>? configure, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.AddServerHeader = false;
        });

        // Nothing of ours blocks: answers go out on the thread that has them, instead of waking another for it.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        var application = builder.Build();
        var server = new RuntimeApiServer(application, port);
        server.Map(hosts);
        configure?.Invoke(application);
        await application.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>The value of AWS_LAMBDA_RUNTIME_API for a worker.</summary>
    public string AddressOf(string function, string worker) => $"127.0.0.1:{Port}/{function}/{worker}";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _application.DisposeAsync();
        _stopping.Dispose();
    }

    private void Map(IReadOnlyDictionary<string, FunctionHost> hosts)
    {
        _application.MapGet($"{Prefix}/invocation/next", async (string function, string worker, HttpContext context) =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
            try
            {
                var invocation = hosts.TryGetValue(function, out var host) ? await host.NextAsync(worker, either.Token) : null;
                await (invocation is null ? Refuse(context, "Unknown worker") : SendAsync(context, host!, invocation));
            }
            catch (OperationCanceledException)
            {
                // The worker has gone, or the runner goes.
                context.Abort();
            }
        });
        _application.MapPost($"{Prefix}/invocation/{{id}}/response", async (string function, string worker, string id, HttpContext context) =>
        {
            var payload = await ReadAsync(context);
            await Acknowledge(context, hosts.TryGetValue(function, out var host) && host.Answer(worker, id, null, payload));
        });
        _application.MapPost($"{Prefix}/invocation/{{id}}/error", async (string function, string worker, string id, HttpContext context) =>
        {
            var payload = await ReadAsync(context);
            await Acknowledge(context, hosts.TryGetValue(function, out var host) && host.Answer(worker, id, ErrorType(context, payload), payload));
        });
        _application.MapPost($"{Prefix}/init/error", async (string function, string worker, HttpContext context) =>
        {
            var payload = await ReadAsync(context);
            var message = Property(payload, "errorMessage") ?? "no message";
            await Acknowledge(
                context, hosts.TryGetValue(function, out var host) && host.ReportInitError(worker, ErrorType(context, payload), message));
        });
    }

    private static async Task SendAsync(HttpContext context, FunctionHost host, Invocation invocation)
    {
        var headers = context.Response.Headers;
        headers["Lambda-Runtime-Aws-Request-Id"] = invocation.RequestId;
        headers["Lambda-Runtime-Deadline-Ms"] = invocation.Deadline.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        headers["Lambda-Runtime-Invoked-Function-Arn"] =
            invocation.Qualifier is { } qualifier ? $"{host.FunctionArn}:{qualifier}" : host.FunctionArn;
        headers["Lambda-Runtime-Trace-Id"] = invocation.TraceId;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = invocation.Payload.Length;
        await context.Response.Body.WriteAsync(invocation.Payload, context.RequestAborted);
    }

    private static Task Acknowledge(HttpContext context, bool accepted)
    {
        if (!accepted)
        {
            return Refuse(context, "Unknown request");
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = Accepted.Length;
        return context.Response.Body.WriteAsync(Accepted, context.RequestAborted).AsTask();
    }

    private static Task Refuse(HttpContext context, string message)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"errorType":"InvalidRequestID","errorMessage":"{{message}}"}""", context.RequestAborted);
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        return buffer.ToArray();
    }

    private static string ErrorType(HttpContext context, byte[] payload) =>
        context.Request.Headers["Lambda-Runtime-Function-Error-Type"].FirstOrDefault()
        ?? Property(payload, "errorType")
        ?? "Runtime.UnknownReason";

    private static string? Property(byte[] payload, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(payload);
            return document.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
