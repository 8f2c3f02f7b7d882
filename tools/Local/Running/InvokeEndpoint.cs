using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Lambda;
using Relaybox.Local.Template;

namespace Relaybox.Local.Running;

/// <summary>
/// Lambda's Invoke, for callers who wait for the answer (RequestResponse). It does not look at who calls. See
/// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
/// </summary>
internal static class InvokeEndpoint
{
    private const int LargestPayload = 6 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder routes, IReadOnlyDictionary<string, FunctionHost> hosts) =>
        routes.MapPost("/2015-03-31/functions/{function}/invocations", async (string function, string? qualifier, HttpContext context) =>
        {
            if (ControlEndpoint.IsOfBrowser(context.Request))
            {
                await RefuseAsync(context, 403, "AccessDeniedException", "Pages in a browser may not invoke functions.");
                return;
            }

            var (name, alias) = Read(function, qualifier);
            var host = hosts.Values.FirstOrDefault(host => host.Function.Name == name);
            if (host is null || !(alias is null or "$LATEST" || host.Function.Aliases.Contains(alias)))
            {
                var arn = ResourceNames.FunctionArn(name) + (alias is null ? "" : $":{alias}");
                await RefuseAsync(context, 404, "ResourceNotFoundException", $"Function not found: {arn}");
                return;
            }

            if (context.Request.Headers["X-Amz-Invocation-Type"].ToString() is not ("" or "RequestResponse"))
            {
                await RefuseAsync(context, 400, "InvalidParameterValueException", "This runner invokes with the type RequestResponse alone.");
                return;
            }

            using var payload = new MemoryStream();
            await context.Request.Body.CopyToAsync(payload, context.RequestAborted);
            if (payload.Length > LargestPayload)
            {
                await RefuseAsync(context, 413, "RequestTooLargeException", $"Request must be smaller than {LargestPayload} bytes.");
                return;
            }

            await AnswerAsync(context, await host.InvokeAsync(payload.ToArray(), alias, context.RequestAborted));
        });

    // A name, a name and an alias, or the ARN of either; the alias may also be a parameter of its own.
    private static (string Name, string? Alias) Read(string function, string? qualifier)
    {
        var parts = function.Split(':');
        parts = parts is ["arn", _, _, _, _, "function", .. var named] ? named : parts;
        return (parts.Length > 0 ? parts[0] : "", parts.Length > 1 ? parts[1] : qualifier);
    }

    private static Task AnswerAsync(HttpContext context, InvocationResult result)
    {
        context.Response.Headers["x-amzn-RequestId"] = result.RequestId;
        context.Response.Headers["X-Amz-Executed-Version"] = "$LATEST";
        if (!result.Succeeded)
        {
            context.Response.Headers["X-Amz-Function-Error"] = "Unhandled";
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = result.Payload.Length;
        return context.Response.Body.WriteAsync(result.Payload, context.RequestAborted).AsTask();
    }

    private static Task RefuseAsync(HttpContext context, int status, string type, string message)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["x-amzn-ErrorType"] = type;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(new JsonObject { ["Type"] = "User", ["Message"] = message }.ToJsonString(), context.RequestAborted);
    }
}
