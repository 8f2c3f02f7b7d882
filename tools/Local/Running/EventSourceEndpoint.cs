using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.EventSources;

namespace Relaybox.Local.Running;

/// <summary>
/// Lambda's event source mappings: those of a function, one, and switching one off and on. It does not look at who calls. See
/// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
/// </summary>
internal static class EventSourceEndpoint
{
    private const string Path = "/2015-03-31/event-source-mappings";

    public static void Map(IEndpointRouteBuilder routes, Func<IReadOnlyList<EventSourceMapping>> mappings)
    {
        routes.MapGet(Path, (string? functionName) => Answer(new JsonObject
        {
            ["EventSourceMappings"] = new JsonArray(
                [.. mappings().Where(mapping => functionName is null || IsOf(mapping, functionName)).Select(mapping => mapping.ToJson())]),
        }));
        routes.MapGet($"{Path}/{{id:guid}}", (Guid id) => Find(id) is { } mapping ? Answer(mapping.ToJson()) : Unknown());
        routes.MapPut($"{Path}/{{id:guid}}", async (Guid id, HttpContext context) =>
        {
            if (ControlEndpoint.IsOfBrowser(context.Request))
            {
                return Results.StatusCode(StatusCodes.Status403Forbidden);
            }

            if (Find(id) is not { } mapping)
            {
                return Unknown();
            }

            if (await ReadAsync(context) is not { } isOn)
            {
                return Results.Text(
                    """{"Type":"User","Message":"This runner changes Enabled alone, which is true or false."}""", "application/json",
                    statusCode: StatusCodes.Status400BadRequest);
            }

            mapping.Switch.Turn(isOn);
            return Answer(mapping.ToJson(), StatusCodes.Status202Accepted);
        });

        EventSourceMapping? Find(Guid id) => mappings().FirstOrDefault(mapping => mapping.Id == id);
    }

    private static bool IsOf(EventSourceMapping mapping, string function) =>
        function == mapping.FunctionArn || mapping.FunctionArn.EndsWith($":{function}", StringComparison.Ordinal);

    private static async Task<bool?> ReadAsync(HttpContext context)
    {
        try
        {
            return (bool?)(await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))?["Enabled"];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static IResult Answer(JsonObject answer, int status = StatusCodes.Status200OK) =>
        Results.Text(answer.ToJsonString(), "application/json", statusCode: status);

    private static IResult Unknown() => Results.Text(
        """{"Type":"User","Message":"The resource you requested does not exist."}""", "application/json", statusCode: StatusCodes.Status404NotFound);
}
