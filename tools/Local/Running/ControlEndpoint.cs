using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Relaybox.Local.Running;

/// <summary>How `relaybox-local invoke` reaches a runner. On loopback, and closed to pages in a browser.</summary>
internal static class ControlEndpoint
{
    public static string PathOf(string function) => $"/control/functions/{Uri.EscapeDataString(function)}/invocations";

    public static void Map(IEndpointRouteBuilder routes, LocalRunner runner) =>
        routes.MapPost("/control/functions/{function}/invocations", async (string function, HttpContext context) =>
        {
            if (IsOfBrowser(context.Request))
            {
                return Results.StatusCode(StatusCodes.Status403Forbidden);
            }

            var host = runner.Functions.Values.FirstOrDefault(candidate => candidate.Function.IsCalled(function));
            if (host is null)
            {
                var known = string.Join(", ", runner.Functions.Keys);
                return Results.Text($"There is no function {function}. There are: {known}.", statusCode: StatusCodes.Status404NotFound);
            }

            using var reader = new StreamReader(context.Request.Body);
            var payload = await reader.ReadToEndAsync(context.RequestAborted);
            var result = await runner.InvokeAsync(host, payload.Length == 0 ? null : payload, context.RequestAborted);
            var answer = new JsonObject { ["requestId"] = result.RequestId, ["errorType"] = result.ErrorType, ["payload"] = result.Text };
            return Results.Text(answer.ToJsonString(), "application/json");
        });

    /// <summary>Whether a page in a browser may have sent a request: it sends Origin with every cross-site POST, and cannot leave it out.</summary>
    public static bool IsOfBrowser(HttpRequest request) =>
        request.Headers.Origin.Count > 0 || request.Host.Host is not ("127.0.0.1" or "localhost");
}
