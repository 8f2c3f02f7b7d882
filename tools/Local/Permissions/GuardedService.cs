using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Relaybox.Local.Permissions;

/// <summary>
/// Stands before an emulator and refuses the calls that the caller's role does not allow, as AWS does. Who calls is known by
/// the access key; signatures are not checked.
/// </summary>
internal sealed partial class GuardedService : IAsyncDisposable
{
    private const long LargestBody = 32 * 1024 * 1024;
    private static readonly string[] HopByHop = ["Connection", "Keep-Alive", "Transfer-Encoding", "Date", "Content-Length"];

    private static readonly HashSet<string> Forwarded = new(StringComparer.OrdinalIgnoreCase) { "Authorization", "Content-Type", "Content-Encoding" };

    private readonly WebApplication _application;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(90) };
    private readonly Uri _upstream;
    private readonly PermissionLog _permissions;
    private readonly Func<string, ApiCall, Task<int?>>? _beforeCall;

    private GuardedService(WebApplication application, Uri upstream, PermissionLog permissions, Func<string, ApiCall, Task<int?>>? beforeCall)
    {
        _application = application;
        _upstream = upstream;
        _permissions = permissions;
        _beforeCall = beforeCall;
    }

    public Uri Endpoint { get; private set; } = null!;

    /// <param name="beforeCall">Sees each allowed call before the emulator does, with its caller; a status ends it there.</param>
    public static async Task<GuardedService> StartAsync(
        Uri upstream, PermissionLog permissions, Func<string, ApiCall, Task<int?>>? beforeCall, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.AddServerHeader = false;
        });
        var application = builder.Build();
        var service = new GuardedService(application, upstream, permissions, beforeCall);
        application.Run(service.ServeAsync);
        await application.StartAsync(cancellationToken);
        service.Endpoint = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _http.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            using var buffer = new MemoryStream();
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
            var body = buffer.ToArray();
            var caller = Credential().Match(context.Request.Headers.Authorization.ToString()).Groups[1].Value;
            var target = context.Request.Headers["X-Amz-Target"].ToString();
            var call = target.Length == 0
                ? ApiCall.OfS3(context.Request.Method, context.Request.Path.Value ?? "/")
                : new ApiCall(target, JsonNode.Parse(body)!.AsObject());
            if (_permissions.Judge(caller, call.Needs()) is { } missing)
            {
                await AnswerAsync(
                    context, StatusCodes.Status403Forbidden, "AccessDeniedException", $"User: {caller} is not authorized to perform: {missing}");
            }
            else if (_beforeCall is not null && await _beforeCall(caller, call) is { } status)
            {
                await AnswerAsync(context, status, "InternalFailure", "The test says so.");
            }
            else
            {
                await ForwardAsync(context, body);
            }
        }
        catch (HttpRequestException)
        {
            // The emulator is not there: neither is this.
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task ForwardAsync(HttpContext context, byte[] body)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method), new Uri(_upstream, $"{context.Request.Path}{context.Request.QueryString}"))
        {
            Content = new ByteArrayContent(body),
        };
        foreach (var header in context.Request.Headers.Where(
            header => header.Key.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase) || Forwarded.Contains(header.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value.ToString()))
            {
                request.Content.Headers.TryAddWithoutValidation(header.Key, header.Value.ToString());
            }
        }

        using var response = await _http.SendAsync(request, context.RequestAborted);
        var answer = await response.Content.ReadAsByteArrayAsync(context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;

        // Among them the checksum of the body, which the client verifies.
        foreach (var header in response.Headers.Concat(response.Content.Headers).Where(
            header => !HopByHop.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            context.Response.Headers[header.Key] = string.Join(", ", header.Value);
        }

        context.Response.ContentLength = answer.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        }
    }

    private static Task AnswerAsync(HttpContext context, int status, string type, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/x-amz-json-1.0";
        return context.Response.WriteAsync(
            new JsonObject { ["__type"] = $"com.amazonaws#{type}", ["message"] = message }.ToJsonString(), context.RequestAborted);
    }

    [GeneratedRegex("Credential=([^/]+)/")]
    private static partial Regex Credential();
}
